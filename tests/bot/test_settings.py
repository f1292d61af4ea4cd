from pathlib import Path

import pytest

from bot.settings import Provider, Settings, SettingsError, TwilioMode, catalogue, load

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def faults(tmp_path: Path) -> "Faults":
    return Faults(tmp_path / "config.yml")


class Faults:
    """What `load` says of a file's text and an environment, a line a fault, the file by its bare name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str = "", demo: bool = False, **environ: str) -> list[str]:
        self.path.write_text(text, encoding="utf-8")
        try:
            load(self.path, environ, demo=demo)
        except SettingsError as error:
            return [str(fault).replace(str(self.path), "config.yml") for fault in error.faults]
        return []


def loaded(tmp_path: Path, text: str, **environ: str) -> Settings:
    path = tmp_path / "config.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def test_nothing_at_all_is_enough_for_the_demo() -> None:
    settings = load(None, {})
    assert settings.database_url == "sqlite:///var/bookbag.db"
    assert settings == Settings()


def test_the_shipped_file_holds_every_setting_with_its_default() -> None:
    text = (ROOT / "config.yml").read_text(encoding="utf-8")
    assert load(ROOT / "config.yml", {}) == Settings()
    for setting in catalogue():
        assert f"{setting.path.rpartition('.')[2]}:" in text, setting.path
        assert setting.description.split(",")[0].split(":")[0] in text.replace("\n  #", "").replace("\n    #", ""), setting.path
        if setting.is_secret:
            assert f"{setting.variable} or {setting.variable}_FILE" in text


def test_every_setting_says_what_it_is_for() -> None:
    assert [setting.path for setting in catalogue() if not setting.description.endswith((".", "?"))] == []


def test_the_environment_wins(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "twilio:\n  mode: webhook\n  sms_from: '+447700900001'\n", BOOKBAG_TWILIO__MODE="polling")
    assert settings.twilio.mode is TwilioMode.POLLING
    assert settings.twilio.sms_from == "+447700900001"


def test_every_setting_has_its_environment_twin() -> None:
    for setting in catalogue():
        with pytest.raises(SettingsError) as caught:
            load(None, {setting.variable + "X": "1"})
        assert setting.variable in str(caught.value)


@pytest.mark.parametrize(
    "written, expected",
    [("libretranslate,google_cloud", ["libretranslate", "google_cloud"]), (" google_cloud , ", ["google_cloud"]), ("", []), (" ", [])],
)
def test_a_list_is_separated_by_commas_and_empty_is_none(tmp_path: Path, written: str, expected: list[str]) -> None:
    secrets = {"BOOKBAG_TRANSLATION__GOOGLE_CLOUD__KEY": "k", "BOOKBAG_TRANSLATION__LIBRETRANSLATE__URL": "http://127.0.0.1:5000"}
    settings = loaded(tmp_path, "translation:\n  providers: [libretranslate]\n", BOOKBAG_TRANSLATION__PROVIDERS=written, **secrets)
    assert settings.translation.providers == [Provider(name) for name in expected]


def test_what_is_empty_counts_as_not_set(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "twilio:\n  sms_from: '+447700900001'\n  timeout:\n", BOOKBAG_TWILIO__SMS_FROM="", BOOKBAG_SECRET_KEY="")
    assert settings.twilio.sms_from == "+447700900001"
    assert settings.twilio.timeout == 10
    assert settings.secret_key is None


def test_times_and_numbers_mean_what_they_look_like(tmp_path: Path) -> None:
    text = "quiet_hours: {from: 19:30, to: 06:45}\ntwilio: {sms_from: +447700900001, whatsapp_from: 07700 900002}\n"
    settings = loaded(tmp_path, text)
    assert (settings.quiet_hours.starts.isoformat(), settings.quiet_hours.ends.isoformat()) == ("19:30:00", "06:45:00")
    assert (settings.twilio.sms_from, settings.twilio.whatsapp_from) == ("+447700900001", "+447700900002")


def test_office_hours_are_days_and_times(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "", BOOKBAG_SCHOOL__OFFICE_HOURS="Mon-Thu 08:30-16:00, Fri 8:30-15:00")
    assert [hours.days for hours in settings.school.office_hours] == [(0, 1, 2, 3), (4,)]
    assert settings.school.office_hours[1].closes.hour == 15


def test_another_school_s_columns_can_be_named(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "columns:\n  families: {phone: Mobile, adult_name: Parent}\n", BOOKBAG_COLUMNS__STAFF="name=Full name, email=Mail")
    assert settings.columns.families == {"phone": "Mobile", "adult_name": "Parent"}
    assert settings.columns.staff == {"name": "Full name", "email": "Mail"}


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    settings = load(None, {"BOOKBAG_TWILIO__AUTH_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.twilio.auth_token is not None
    assert settings.twilio.auth_token.get_secret_value() == "s3cret"


def test_no_secret_is_ever_shown(faults: Faults) -> None:
    secrets = {setting.variable: f"hidden-{number}-and-long-enough" for number, setting in enumerate(catalogue()) if setting.is_secret}
    settings = load(None, {**secrets, "BOOKBAG_DATABASE_URL": "postgresql://u:hidden-x@h/d", "BOOKBAG_EMAIL__FROM": "a@b.example"})
    assert "hidden" not in repr(settings) + str(settings)
    told = faults(BOOKBAG_SECRET_KEY="hidden", BOOKBAG_TELEGRAM__SECRET_TOKEN="hidden!", BOOKBAG_DATABASE_URL="mysql://u:hidden@h")
    assert len(told) == 3
    assert "hidden" not in str(told)


def test_all_faults_are_told_at_once_each_with_its_place(faults: Faults) -> None:
    text = """\
school:
  naem: X
twilio:
  sms_form: +447700900000
  sms_per_second: fast
  mode: hook
languages: en, Klingon
delivery: 5
lookup_after: 6
school:
  name: Y
"""
    assert faults(text, BOOKBAG_NLU__ENGINE="rasa", BOOKBAG_TELEGRAM__MOD="polling", BOOKBAG_SECRET_KEY_FILE="/nowhere", BOOKBAG_DELIVERY__LOOKUPS="0") == [
        "config.yml line 2: school.naem is not a setting; did you mean name?",
        "config.yml line 4: twilio.sms_form is not a setting; did you mean sms_from?",
        "config.yml line 5: twilio.sms_per_second must be a number",
        "config.yml line 6: twilio.mode must be one of 'webhook' or 'polling'",
        "config.yml line 7: languages must be a language tag such as so, ckb or zh-Hans",
        "config.yml line 8: delivery is a group of settings: write them below it, indented",
        "config.yml line 9: lookup_after is not a setting; did you mean delivery.lookup_after?",
        "config.yml line 10: school stands here a second time; keep one",
        "BOOKBAG_SECRET_KEY_FILE: secret_key cannot be read from that file: No such file or directory",
        "BOOKBAG_TELEGRAM__MOD: is not a setting; did you mean BOOKBAG_TELEGRAM__MODE?",
        "BOOKBAG_DELIVERY__LOOKUPS: delivery.lookups must be 1 or more",
        "BOOKBAG_NLU__ENGINE: nlu.engine is rasa, which needs nlu.rasa_url (BOOKBAG_NLU__RASA_URL)",
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("twilio:\n  mode: [a\n", "config.yml line 3: is not YAML here: expected ',' or ']', but got '<stream end>'"),
        ("- a\n", "config.yml line 1: must be settings, a name and a value each"),
        ("twilio:\n  mode: {a: b}\n", "config.yml line 2: twilio.mode must be one value"),
        ("languages: {a: b}\n", "config.yml line 1: languages must be a list of values"),
        ("twilio:\n  auth_token: abc\n", "config.yml line 2: twilio.auth_token is a secret and does not belong in a file"),
        ("school:\n  phone: ring us\n", "config.yml line 2: school.phone must be a phone number such as 020 7946 0000"),
        ("school:\n  office_hours: [Fri-Mon 08:00-09:00]\n", "config.yml line 2: school.office_hours must not end before it begins"),
        ("school:\n  timezone: Europe/Paris\n", "config.yml line 2: school.timezone must be 'Europe/London'"),
        ("quiet_hours:\n  to: 25:00\n", "config.yml line 2: quiet_hours.to"),
        ("public_url: bookbag.example\n", "config.yml line 1: public_url must be a web address that begins with https://"),
        ("database_url: mysql://x\n", "config.yml line 1: database_url must begin with sqlite:///"),
        ("translation:\n  providers: google\n", "config.yml line 2: translation.providers has google, which has no contract with the school"),
        ("translation:\n  providers: google_cloud\n", "config.yml line 2: translation.providers has google_cloud, which needs BOOKBAG_TRANSLATION__GOOGLE"),
        ("translation:\n  inbound_providers: libretranslate\n", "config.yml line 2: translation.inbound_providers has libretranslate, which needs"),
        ("delivery:\n  retry_first: 700\n", "settings: delivery.retry_ceiling must not be less than delivery.retry_first"),
        ("languages: en, so, so\n", "config.yml line 1: languages names one twice"),
        ("fold_letters: [pl, vi]\n", "config.yml line 1: fold_letters has vi, which cannot be read without its accents; only es, fr, pl, pt, ro, sq, tr can"),
        ("\0", "config.yml: is not YAML: it holds a character that may not stand in it"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_do(faults: Faults, text: str, expected: str) -> None:
    told = faults(text)
    assert len(told) == 1
    assert told[0].startswith(expected)


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "none.yml", {})


def test_a_webhook_needs_its_secret_and_an_address(faults: Faults) -> None:
    told = faults(BOOKBAG_TELEGRAM__TOKEN="1:a", BOOKBAG_TELEGRAM__MODE="webhook")
    assert told == [
        "BOOKBAG_TELEGRAM__MODE: telegram.mode is webhook, which needs public_url; a school with no public address sets polling",
        "settings: telegram.secret_token is needed for mode webhook: set BOOKBAG_TELEGRAM__SECRET_TOKEN",
    ]
    assert faults(BOOKBAG_TWILIO__ACCOUNT_SID="AC1", BOOKBAG_TWILIO__AUTH_TOKEN="t") != []
    assert faults(BOOKBAG_TWILIO__ACCOUNT_SID="AC1", BOOKBAG_TWILIO__AUTH_TOKEN="t", BOOKBAG_TWILIO__MODE="polling") == []
    assert faults(BOOKBAG_TWILIO__ACCOUNT_SID="AC1", BOOKBAG_TWILIO__AUTH_TOKEN="t", BOOKBAG_TWILIO__BASE_URL="http://127.0.0.1:9") == []


def test_the_demo_may_ask_google_without_a_contract(faults: Faults) -> None:
    assert faults("translation:\n  providers: google\n", demo=True) == []
    assert faults("translation:\n  providers: google\n", BOOKBAG_TRANSLATION__ACCEPT_UNCONTRACTED="true") == []


def test_a_channel_without_credentials_is_off_and_says_why() -> None:
    environ = {"BOOKBAG_TWILIO__ACCOUNT_SID": "AC1", "BOOKBAG_TWILIO__AUTH_TOKEN": "t", "BOOKBAG_TWILIO__SMS_FROM": "+447700900000"}
    settings = load(None, {**environ, "BOOKBAG_TWILIO__MODE": "polling"})
    assert settings.channels_off() == [
        "whatsapp is off: twilio.whatsapp_from is not set",
        "telegram is off: telegram.token is not set",
        "email is off: email.smtp_url and email.from are not set",
    ]


def test_the_rules_get_what_they_need(tmp_path: Path) -> None:
    rules = loaded(tmp_path, "school: {short_name: CG, phone: 020 7946 0001}\nappointments: {notice_hours: 5}\n").for_school()
    assert (rules.short_name, rules.phone, rules.notice.total_seconds()) == ("CG", "020 7946 0001", 5 * 3600)


def test_defaults_agree_with_the_rules_own() -> None:
    from dataclasses import replace

    from school.settings import SchoolSettings

    assert replace(load(None, {}).for_school(), languages=("en",)) == SchoolSettings()
