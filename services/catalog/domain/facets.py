"""What filters and their values are called, in three languages, and the sentence that says whether one fits."""

from typing import Final

from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.domain.texts import in_language

_TYPES: Final[dict[str, dict[str, str]]] = {
    "municipality": {"fi": "kunta", "sv": "kommun", "en": "municipality"},
    "municipal-service": {"fi": "kunnan palvelu", "sv": "kommunal tjänst", "en": "municipal service"},
    "state-agency": {"fi": "valtion viranomainen", "sv": "statlig myndighet", "en": "state agency"},
    "hospital": {"fi": "sairaala", "sv": "sjukhus", "en": "hospital"},
    "higher-education": {"fi": "korkeakoulu", "sv": "högskola", "en": "higher education"},
    "research-institute": {"fi": "tutkimuslaitos", "sv": "forskningsinstitut", "en": "research institute"},
    "business-services": {"fi": "yrityspalvelut", "sv": "företagstjänster", "en": "business services"},
    "cooperation": {"fi": "yhteistyö", "sv": "samarbete", "en": "cooperation"},
    "association": {"fi": "järjestö", "sv": "förening", "en": "association"},
    "meeting-place": {"fi": "kohtaamispaikka", "sv": "mötesplats", "en": "meeting place"},
    "network": {"fi": "verkosto", "sv": "nätverk", "en": "network"},
    "platform-operator": {"fi": "alustan ylläpitäjä", "sv": "plattformens operatör", "en": "platform operator"},
    "other": {"fi": "muu", "sv": "annan", "en": "other"},
}

_ANSWERS: Final[dict[str, dict[str, str]]] = {
    "true": {"fi": "kyllä", "sv": "ja", "en": "yes"},
    "false": {"fi": "ei", "sv": "nej", "en": "no"},
}

_SENTENCES: Final[dict[str, dict[str, str]]] = {
    "language": {"fi": "palvelee kielellä {value}", "sv": "ger service på {value}", "en": "serves in {value}"},
    "target_group": {"fi": "tarkoitettu: {value}", "sv": "avsedd för: {value}", "en": "is for {value}"},
    "area": {"fi": "annetaan paikassa {value}", "sv": "ges i {value}", "en": "is given in {value}"},
    "organization_type": {
        "fi": "organisaatio on {value}",
        "sv": "organisationen är {value}",
        "en": "the organisation is of the type {value}",
    },
    "accepting": {
        "fi": "ottaa tänään vastaan ohjauksia",
        "sv": "tar emot hänvisningar i dag",
        "en": "accepts referrals today",
    },
}

_NAMES: Final = {"target_group": TARGET_GROUPS, "organization_type": _TYPES, "accepting": _ANSWERS}


def name_of(fact: str, value: str, language: str) -> str:
    """What a value of a filter is called in `language`; the value itself where it has no name."""
    return in_language(_NAMES.get(fact, {}).get(value, {}), language) or value


def sentence(fact: str, value: str, fits: bool, language: str) -> str:
    """Such as "serves in Arabic: no", `value` being its name in `language`.

    Where the filter asks for services that do not accept, the answer is still about accepting.
    """
    says_yes = fits if fact != "accepting" else fits == (value == name_of("accepting", "true", language))
    answer = _ANSWERS["true" if says_yes else "false"][language]
    return f"{_SENTENCES[fact][language].format(value=value)}: {answer}"
