"""Whom services are for: the codes of the target groups with their names in three languages."""

from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5

TAXONOMY = "urn:luotsi:target-groups"

TARGET_GROUPS: dict[str, dict[str, str]] = {
    "everyone": {"fi": "kaikki asukkaat", "sv": "alla invånare", "en": "all residents"},
    "newcomers": {
        "fi": "maahan muuttaneet",
        "sv": "personer som flyttat till Finland",
        "en": "people who have moved to Finland",
    },
    "jobseekers": {"fi": "työnhakijat", "sv": "arbetssökande", "en": "jobseekers"},
    "international-students": {
        "fi": "kansainväliset opiskelijat",
        "sv": "internationella studerande",
        "en": "international students",
    },
    "international-talent": {
        "fi": "kansainväliset osaajat",
        "sv": "internationella experter",
        "en": "international talent",
    },
    "researchers": {"fi": "tutkijat", "sv": "forskare", "en": "researchers"},
    "entrepreneurs": {
        "fi": "yrittäjät ja yrittäjäksi aikovat",
        "sv": "företagare och blivande företagare",
        "en": "entrepreneurs and people who plan a business",
    },
    "companies": {"fi": "yritykset ja työnantajat", "sv": "företag och arbetsgivare", "en": "companies and employers"},
    "families": {"fi": "perheet", "sv": "familjer", "en": "families"},
    "professionals": {
        "fi": "maahanmuuttotyön ammattilaiset",
        "sv": "yrkespersoner inom integrationsarbetet",
        "en": "professionals who work with immigration",
    },
    "volunteers": {"fi": "vapaaehtoiset", "sv": "frivilliga", "en": "volunteers"},
}


@cache
def term_id(code: str) -> UUID:
    """The lasting identifier of a target group as a term of its taxonomy."""
    return uuid5(NAMESPACE_URL, f"{TAXONOMY}:{code}")
