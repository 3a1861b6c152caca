"""The values every part of Kolli shares: weight, size, money, address; parse, convert, print, compare."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Literal, get_args

from babel import Locale

WeightUnit = Literal["kg", "g", "lbs", "oz"]
LengthUnit = Literal["cm", "mm", "m", "yd", "ft", "in"]

WEIGHT_UNITS: tuple[WeightUnit, ...] = get_args(WeightUnit)
LENGTH_UNITS: tuple[LengthUnit, ...] = get_args(LengthUnit)

# Exact by definition: international yard and pound agreement, 1 July 1959 (1 lb = 0.45359237 kg, 1 yd = 0.9144 m).
_GRAMS: dict[WeightUnit, Decimal] = {
    "kg": Decimal(1000),
    "g": Decimal(1),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_MILLIMETRES: dict[LengthUnit, Decimal] = {
    "cm": Decimal(10),
    "mm": Decimal(1),
    "m": Decimal(1000),
    "yd": Decimal("914.4"),
    "ft": Decimal("304.8"),
    "in": Decimal("25.4"),
}

EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, Overflow])
"""Arithmetic that never rounds; the usual context does so behind 28 digits, in silence.

The largest sum there can be has 70 digits: 35 of a value, 11 of a unit, 19 of a quantity, and those of 5,000 lines.
"""


@dataclass(frozen=True)
class Weight:
    """A mass as it was given: `0.5 kg` stays `0.5 kg`; it is converted only to compare or to add."""

    value: Decimal
    unit: WeightUnit

    @property
    def grams(self) -> Decimal:
        """The same mass in grams, exactly."""
        return EXACT.multiply(self.value, _GRAMS[self.unit])

    def __str__(self) -> str:
        return f"{plain(self.value)} {self.unit}"


@dataclass(frozen=True)
class Dimensions:
    """Length, width and height of a box, all three in one unit."""

    length: Decimal
    width: Decimal
    height: Decimal
    unit: LengthUnit

    @property
    def sides_mm(self) -> tuple[Decimal, Decimal, Decimal]:
        """The same length, width and height in millimetres, exactly."""
        unit = _MILLIMETRES[self.unit]
        length, width, height = (EXACT.multiply(side, unit) for side in (self.length, self.width, self.height))
        return length, width, height

    def __str__(self) -> str:
        return f"{plain(self.length)} x {plain(self.width)} x {plain(self.height)} {self.unit}"


@dataclass(frozen=True)
class Money:
    """An amount in one currency (ISO 4217); never a float, never converted on its own."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{plain(self.value)} {self.currency}"


@dataclass(frozen=True)
class Address:
    """Where a parcel comes from or goes to. Only lines that were given are not empty.

    `country_code` is ISO 3166-1 alpha-2 in upper case; `state_province_code` is ISO 3166-2 or its bare last part.
    """

    name: str
    address_line_1: str
    postal_code: str
    city: str
    country_code: str
    company_name: str = ""
    house_number: str = ""
    address_line_2: str = ""
    po_box: str = ""
    state_province_code: str = ""
    email: str = ""
    phone_number: str = ""

    @classmethod
    def from_document(cls, document: dict[str, object]) -> "Address":
        """Reads the address out of a JSON object; absent and null members become empty text."""
        read = {field.name: str(document.get(field.name) or "") for field in fields(cls)}
        read["country_code"] = read["country_code"].upper()
        return cls(**read)


def plain(number: Decimal) -> str:
    """Prints a decimal without exponent and without zeros that say nothing: `0.500` is `0.5`, `1E+3` is `1000`."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def timestamp(moment: datetime) -> str:
    """A moment as it is stored: ISO 8601 in UTC with microseconds, so that times sort as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


_ENGLISH: Mapping[str, str] = {str(code): str(name) for code, name in Locale("en").territories.items()}

COUNTRY_CODES = frozenset(code for code in _ENGLISH if len(code) == 2 and code.isalpha()) - {
    "EU",
    "EZ",
    "UN",
    "QO",
    "ZZ",
    "XA",
    "XB",
}
"""ISO 3166-1 alpha-2 codes with the few user-assigned ones in postal use (XK); source: Unicode CLDR through babel."""


def country_name(code: str) -> str:
    """The country's English name in capitals, as it stands on the last line of an international address."""
    return _ENGLISH[code].upper()


_ALPHA_3 = {
    code[:2]: code[2:]
    for code in """
    ACASC ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB
    BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ
    CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CPCPT CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP
    CZCZE DEDEU DGDGA DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM
    FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM
    GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY
    JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA
    LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP
    MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL
    NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT
    REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM
    SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TATAA TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON
    TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF
    WSWSM XKXKX YEYEM YTMYT ZAZAF ZMZMB ZWZWE
    """.split()  # noqa: SIM905 - a list of it would be a page
}
"""ISO 3166-1 alpha-2 code → alpha-3 code, with those that are reserved (AC, CP, DG, TA) or in wide use (XK)."""


_NUMERIC = {
    code[:2]: code[2:]
    for code in """
    AD020 AE784 AF004 AG028 AI660 AL008 AM051 AO024 AQ010 AR032 AS016 AT040 AU036 AW533 AX248 AZ031 BA070 BB052
    BD050 BE056 BF854 BG100 BH048 BI108 BJ204 BL652 BM060 BN096 BO068 BQ535 BR076 BS044 BT064 BV074 BW072 BY112
    BZ084 CA124 CC166 CD180 CF140 CG178 CH756 CI384 CK184 CL152 CM120 CN156 CO170 CR188 CU192 CV132 CW531 CX162
    CY196 CZ203 DE276 DJ262 DK208 DM212 DO214 DZ012 EC218 EE233 EG818 EH732 ER232 ES724 ET231 FI246 FJ242 FK238
    FM583 FO234 FR250 GA266 GB826 GD308 GE268 GF254 GG831 GH288 GI292 GL304 GM270 GN324 GP312 GQ226 GR300 GS239
    GT320 GU316 GW624 GY328 HK344 HM334 HN340 HR191 HT332 HU348 ID360 IE372 IL376 IM833 IN356 IO086 IQ368 IR364
    IS352 IT380 JE832 JM388 JO400 JP392 KE404 KG417 KH116 KI296 KM174 KN659 KP408 KR410 KW414 KY136 KZ398 LA418
    LB422 LC662 LI438 LK144 LR430 LS426 LT440 LU442 LV428 LY434 MA504 MC492 MD498 ME499 MF663 MG450 MH584 MK807
    ML466 MM104 MN496 MO446 MP580 MQ474 MR478 MS500 MT470 MU480 MV462 MW454 MX484 MY458 MZ508 NA516 NC540 NE562
    NF574 NG566 NI558 NL528 NO578 NP524 NR520 NU570 NZ554 OM512 PA591 PE604 PF258 PG598 PH608 PK586 PL616 PM666
    PN612 PR630 PS275 PT620 PW585 PY600 QA634 RE638 RO642 RS688 RU643 RW646 SA682 SB090 SC690 SD729 SE752 SG702
    SH654 SI705 SJ744 SK703 SL694 SM674 SN686 SO706 SR740 SS728 ST678 SV222 SX534 SY760 SZ748 TC796 TD148 TF260
    TG768 TH764 TJ762 TK772 TL626 TM795 TN788 TO776 TR792 TT780 TV798 TW158 TZ834 UA804 UG800 UM581 US840 UY858
    UZ860 VA336 VC670 VE862 VG092 VI850 VN704 VU548 WF876 WS882 YE887 YT175 ZA710 ZM894 ZW716
    """.split()  # noqa: SIM905 - as above
}
"""ISO 3166-1 alpha-2 code → numeric code, which carriers' barcodes have. Source: Debian's iso-codes (2026-11)."""


def country_in_english(code: str) -> str:
    """The country's English name, as people write it."""
    return _ENGLISH[code]


def country_alpha_3(code: str) -> str:
    """The country's code of three letters (ISO 3166-1 alpha-3); empty for the few places in postal use without one."""
    return _ALPHA_3.get(code, "")


def country_numeric(code: str) -> str:
    """The country's code of three digits (ISO 3166-1 numeric); empty for the few places in postal use without one."""
    return _NUMERIC.get(code, "")


EU_COUNTRIES = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"}
    | {"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""The member states of the European Union, by ISO 3166-1 alpha-2 (since 1 February 2020)."""


def crosses_customs_border(sender_country: str, recipient_country: str) -> bool:
    """Whether goods between two countries must be declared. Territories with rules of their own are not looked at."""
    return sender_country != recipient_country and not {sender_country, recipient_country} <= EU_COUNTRIES
