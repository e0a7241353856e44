"""Words that hurt who reads them all day, by kind: what masking hides in any text, whoever wrote it. Pure data.

A word that ends in `*` stands for all that begin with it. Words are compared as `rules_mask.folded` gives them: small
letters, without accents, digits and signs read as the letters that they stand for. Swearing alone is not here: it is
frequent, and masking it would slow the work and spare nobody.
"""

from typing import Final

from django.utils.translation import gettext_noop as _

SEVERE: Final[dict[str, str]] = {
    _("slur"): """
        nigger* nigga niggas niggaz faggot* fag fags kike kikes spic spics wetback* raghead* towelhead* sandnigger* gook
        gooks chink chinks coon coons paki pakis tranny trannies shemale* retard retards retarded golliwog* zigeuner*
        kanake kanaken neger negern schwuchtel* untermensch* judensau* bougnoul* youpin* negresse* tapette tapettes
        tarlouze* maricon* sudaca* negrata* frocio froci ricchione* terrone terroni viado viados жид жиды жидов* хач хачи
        чурка чурки чурок пидор* пидар*
    """,
    _("insult"): """
        cunt* whore* slut sluts slutty bitch bitches motherfuck* subhuman* hure huren hurensohn* fotze* missgeburt*
        nutte nutten schlampe* salope* putain pute putes connasse* encule* puta putas hijueput* puttana* troia vadia vadias
        шлюх* сука суки пизд* kurwa kurwy orospu* شرموطة شرموط قحبة
    """,
    _("sexual violence"): """
        rape raped rapes raping rapist rapists molest* incest* bestiality paedophil* pedophil* pedo pedos gangrape*
        gangbang* childporn* vergewaltig* kinderschander* violer violee violeur* violador* violacion* stupro stuprare*
        estupro estuprar* изнасил* اغتصاب اغتصب
    """,
    _("violence"): """
        behead* decapit* dismember* disembowel* mutilat* massacre* slaughter* lynching lynched genocid* enthaupt*
        zerstuckel* massakrier* egorg* degoll* descuartiz* обезглав* расчлен* ذبح مذبحة
    """,
    _("self-harm"): """
        suicid* selfharm* selbstmord* suizid* selbstverletz* самоубий* انتحار kys
    """,
}
"""Kind to its words, parted by spaces."""

LISTED: Final = frozenset({"en", "de", "fr", "es", "it", "pt", "ru", "ar"})
"""Languages (bases) with words of most kinds above. Of any other, and of one without word breaks, nobody can say what is
severe: a few words of Turkish or Polish are no list."""

PHRASES: Final[dict[str, tuple[str, ...]]] = {
    _("self-harm"): (
        "kill yourself", "kill myself", "kill urself", "hang yourself", "hang myself", "cut myself", "cutting myself",
        "slit my wrists", "slit your wrists", "end my life", "self harm", "mich umbringen", "bring dich um", "me suicider",
    ),
    _("violence"): ("slit your throat", "cut your throat", "slit his throat", "slit her throat", "burn you alive"),
}  # fmt: skip
"""Kind to word sequences that are severe only together."""

FAMILY_KINDS: Final[dict[str, str]] = {
    "threat": _("threat"), "self_harm": _("self-harm"), "sexual": _("sexual"), "hate": _("hate"), "harassment": _("insult"),
}  # fmt: skip
"""Families of policies whose worst passages are masked, and what such a passage is called. Fraud and spam cost money, not
sleep: what they quote stays readable."""
