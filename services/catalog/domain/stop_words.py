"""Words that say nothing about what is looked for, in the three languages: particles, pronouns, ways of asking.

Ways of asking are those of advisers too: that somebody seeks or finds, does something, and is a client. Not that
help is wanted: services that say where they help are the better answers.

Folded, as `texts.words` makes them. A query of nothing but such words is searched as it is.
"""

_FINNISH = """
    ja tai eli seka etta jotta koska kun jos vai vaan mutta niin kuin myos viela nyt sitten vain ei en et emme ette
    eivat on ovat oli olivat ole olla olen olet olemme olette ollut olisi voi voin voit voivat voiko voinko saa saan
    saako saanko tulee pitaa haluan haluaa haluaisin haluta tarvitsen tarvitsee tarvitaan minun minulla mina sina sinun
    han hanen hanelle me te he heidan meille heille minulle minua se sen siina siita siihen sita ne niiden niita niista
    tama taman tassa tasta nama naiden joka jonka jota jossa josta jolla jolle jotka joita joiden joissa mika mita
    missa mista mihin mitka miten milloin kuka kenelle keta kuinka paljon kanssa ilman mukaan luona varten kautta
    asti seuraavaan joku jokin jotain joitakin kaikki kaikille jne esim etsia etsin etsii etsiva
    etsiminen etsimaan etsimassa loytaa loytyy loytyyko loydan loytaminen loytamaan loytamiseen asiakas asiakkaan
    asiakasta asiakkaalle asiakkaalla asiakkaat asiakkaiden asiakkaille asiakkaani tehda tekee teen teko teon tekoa
    tekeminen tekemaan tekemiseen
"""
_SWEDISH = """
    och eller men samt att som om nar da sa ocksa bara inte en ett den det de dem denna detta dessa i pa av for till
    fran med vid ut upp under over efter utan hos mellan genom ar var varit vara blir blev bli har hade ha kan kunde
    ska skulle vill maste far fick gor gora jag du han hon vi ni mig dig honom henne oss er min mitt mina din ditt dina
    sin sitt sina hans hennes vars var vart vad vem vilken vilket vilka hur varfor dar har nagon nagot nagra alla allt
    mycket behover behov bor hitta hittar letar leta klient klienten klienter klientens
"""
_ENGLISH = """
    a an and or but nor if so as at by for from in into of off on onto out over to up with without about after before
    between during than then that this these those the there here is am are was were be been being do does did doing
    have has had having can could may might must shall should will would need needs want wants wanted i me my mine we us
    our you your he him his she her it its they them their who whom whose which what when where why how not no yes also
    any some all each every other such only own same too very just get find finds finding look looking seek seeks
    seeking make makes making client clients
"""

STOP_WORDS = frozenset(f"{_FINNISH} {_SWEDISH} {_ENGLISH}".split())
