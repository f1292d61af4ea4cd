"""What Google calls languages: our BCP 47 tags and its codes. LibreTranslate needs no table, it tells what it has."""

from __future__ import annotations

from typing import Final

_AS_THEY_ARE = (
    "af am ar az be bg bn bs ca ceb ckb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw he hi hmn hr ht hu hy id ig is it ja "
    "ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny om or pa pl ps pt ro ru rw sd si sk sl sm sn so sq sr st su sv sw "
    "ta te tg th ti tk tl tr tt ug uk ur uz vi xh yi yo yue zu"
).split()
_ALIKE: Final = {
    "zh": "zh-cn",
    "zh-hans": "zh-cn",
    "zh-cn": "zh-cn",
    "zh-sg": "zh-cn",
    "zh-hant": "zh-tw",
    "zh-tw": "zh-tw",
    "zh-hk": "zh-tw",
    "zh-mo": "zh-tw",
    "nb": "no",
    "nn": "no",
    "iw": "he",
    "prs": "fa-af",
    "fa-af": "fa-af",
    "pnb": "pa-arab",
    "pa-arab": "pa-arab",
    "pa-guru": "pa",
    "ku-latn": "ku",
    "kmr": "ku",
    "ku-arab": "ckb",
    "sdh": "ckb",
}

GOOGLE: Final = {tag: tag for tag in _AS_THEY_ARE} | _ALIKE
"""Codes of translate.googleapis.com, by lower-case tag. googletrans 4.0.2 raises ValueError for pt-BR and pt-PT, so Portuguese has one code."""

GOOGLE_CLOUD: Final = GOOGLE | {
    **{tag: "zh-CN" for tag, found in GOOGLE.items() if found == "zh-cn"},
    **{tag: "zh-TW" for tag, found in GOOGLE.items() if found == "zh-tw"},
    **{tag: "fa-AF" for tag, found in GOOGLE.items() if found == "fa-af"},
    **{tag: "pa-Arab" for tag, found in GOOGLE.items() if found == "pa-arab"},
    "pt-pt": "pt-PT",
    "pt-br": "pt-BR",
}
"""Codes of Google Cloud Translation, by lower-case tag."""
