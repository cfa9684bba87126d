"""Forms of short Finnish words that no stem or beginning joins with the word itself, though everybody uses them.

Longer words do without: enough of them stays the same, also where a short word is their end (`kesätöitä`).
"""

_FORMS = {
    # Not töistä, which without its dots is toista, another.
    "tyo": "toita toihin toissa toiden toitten toille toilla toina",
    "lapsi": "lapset lasta lasten lapsen lapsia lapsien lapselle lapsille lapsella lapsilla",
    "asukas": "asukkaan asukkaat asukkaita asukkaiden asukkaalle asukkaille asukkaalla asukkailla",
    "velka": "velan velat velasta velalla velkoja velkojen veloista veloissa",
    "lupa": "luvan luvat luvasta luvalla lupia lupien",
    "tuki": "tuen tuet tuesta tuella tukea tukia tukien",
    "asunto": "asunnon asunnot asunnosta asunnossa",
    "opinto": "opinnot opinnoissa opinnoista opinnoilla",
    "hoito": "hoidon hoidot hoidossa hoidosta",
    "kunta": "kunnan kunnat kunnasta kunnassa kunnalle kuntien",
}

IRREGULAR_FORMS = {form: word for word, forms in _FORMS.items() for form in forms.split()}
"""Form → word, both folded."""
