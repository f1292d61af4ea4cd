"""Every paper of the school, those for its officer in English and the privacy notice in each language, on a page or as a file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from school import School, data_map, papers
from school.papers import Paper, Section
from translations import has_catalog, privacy

NOTICE = "privacy"


def kinds(school: School) -> Mapping[str, Callable[[], Paper]]:
    """How each paper is made, by its name: 'data-map', 'privacy-so'."""
    made: dict[str, Callable[[], Paper]] = {
        "data-map": partial(papers.data_map, school),
        "processors": partial(papers.processors, school),
        "dpia": partial(papers.assessment, school),
    }
    return made | {f"{NOTICE}-{language}": partial(notice, school, language) for language in languages(school)}


def languages(school: School) -> list[str]:
    """The languages that the school offers to families and that have sentences, English first."""
    return ["en", *(language for language in school.settings.languages if language != "en" and has_catalog(language))]


def notice(school: School, language: str) -> Paper:
    """The privacy notice in one language."""
    told, kept = school.settings, data_map.time_of("messages").days
    sentences = privacy.notice(told.name, told.phone, kept, told.processors)
    title = privacy.title(told.name).render(language)
    return Paper(f"{NOTICE}-{language}", title, [Section("", [each.render(language) for each in sentences])], language, is_draft=language != "en")
