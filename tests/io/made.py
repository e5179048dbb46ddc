"""Writers of the exchange formats for tests and fuzzing: (12, n) millivolts and a rate in, the bytes of a file out.

Written from the formats' own descriptions and independent of the readers. Nothing here needs pytest.
"""

import base64
import binascii
import datetime
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np

from elvmass_core.units import INDEPENDENT_LEADS, LEADS

CANARY = "CANARY"
"""Stands wherever a format keeps a name, an id or a statement; must never come out."""
ROW = {lead: index for index, lead in enumerate(LEADS)}


def whole(signal_mv, uv_per_count):
    """Millivolts → whole counts."""
    return np.round(np.asarray(signal_mv) * 1000 / uv_per_count).astype(int)


def _tagged(tag, value, attributes=""):
    return "" if value is None else f"<{tag}{attributes}>{value}</{tag}>"


def muse_xml(
    signal_mv, fs_hz=500, *, age="63", age_units="YEARS", sex="FEMALE", height_cm=None, height_in=None, weight_kg=None,
    weight_lbs=None, birth="01-31-1950", acquired="06-15-2020", beat_mv=None, leads=INDEPENDENT_LEADS,
    uv_per_count=4.88, unit="MICROVOLTS", crc=True, filters=(5, 150, 60), encoding="ISO-8859-1",
    doctype='<!DOCTYPE RestingECG SYSTEM "restecg.dtd">',
) -> bytes:  # fmt: skip
    """A GE MUSE RestingECG file; `filters` are HighPassFilter, LowPassFilter, ACFilter as MUSE writes them."""

    def waveform(kind, signal):
        leads_text = ""
        for lead in leads:
            content = whole(signal[ROW[lead]], uv_per_count).astype("<i2").tobytes()
            leads_text += (
                f"<LeadData><LeadByteCountTotal>{len(content)}</LeadByteCountTotal><LeadTimeOffset>0</LeadTimeOffset>"
                f"<LeadSampleCountTotal>{len(content) // 2}</LeadSampleCountTotal>"
                + _tagged("LeadAmplitudeUnitsPerBit", uv_per_count)
                + _tagged("LeadAmplitudeUnits", unit)
                + f"<LeadID>{lead}</LeadID><LeadSampleSize>2</LeadSampleSize><LeadOff>FALSE</LeadOff>"
                f"<LeadDataCRC32>{zlib.crc32(content) if crc else 0}</LeadDataCRC32>"
                f"<WaveFormData>\n{base64.encodebytes(content).decode()}</WaveFormData></LeadData>"
            )
        highpass, lowpass, mains = filters
        return (
            f"<Waveform><WaveformType>{kind}</WaveformType><NumberofLeads>{len(leads)}</NumberofLeads>"
            f"<SampleBase>{fs_hz:g}</SampleBase><SampleExponent>0</SampleExponent>"
            f"<HighPassFilter>{highpass}</HighPassFilter><LowPassFilter>{lowpass}</LowPassFilter>"
            f"<ACFilter>{mains}</ACFilter>{leads_text}</Waveform>"
        )

    person = "".join(
        [
            f"<PatientID>{CANARY}</PatientID>", _tagged("PatientAge", age), _tagged("AgeUnits", age_units),
            _tagged("DateofBirth", birth), _tagged("Gender", sex), _tagged("HeightCM", height_cm),
            _tagged("HeightIN", height_in), _tagged("WeightKG", weight_kg), _tagged("WeightLBS", weight_lbs),
            f"<PatientLastName>{CANARY}</PatientLastName>",
        ]
    )  # fmt: skip
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{doctype}\n<RestingECG><MuseInfo><MuseVersion>9.0</MuseVersion>'
        f"</MuseInfo><PatientDemographics>{person}</PatientDemographics><TestDemographics>"
        f"<AcquisitionDate>{acquired}</AcquisitionDate><SiteName>{CANARY}</SiteName></TestDemographics><Diagnosis>"
        f"<DiagnosisStatement><StmtText>{CANARY}</StmtText></DiagnosisStatement></Diagnosis>"
        + ("" if beat_mv is None else waveform("Median", beat_mv))
        + ("" if signal_mv is None else waveform("Rhythm", signal_mv))
        + "</RestingECG>"
    )
    return text.encode(encoding)


def aecg_xml(
    signal_mv, fs_hz=500, *, age=None, age_unit="a", sex="F", birth="19500131", acquired="20200615101500",
    height_cm=None, weight_kg=None, beat_mv=None, leads=LEADS, uv_per_count=2.5, origin_uv=0.0, unit="uV",
    filters=(0.05, 150, 50),
) -> bytes:  # fmt: skip
    """An HL7 annotated ECG with relative digits; `filters` are high-pass, low-pass and notch in Hz."""

    def sequences(signal, kind):
        body = (
            f'<component><sequence><code code="TIME_{kind}"/><value xsi:type="GLIST"><head value="{acquired}"/>'
            f'<increment value="{1 / fs_hz:.9g}" unit="s"/></value></sequence></component>'
        )
        for lead in leads:
            digits = " ".join(map(str, np.round((signal[ROW[lead]] * 1000 - origin_uv) / uv_per_count).astype(int)))
            scale_unit = "" if unit is None else f' unit="{unit}"'
            body += (
                f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value xsi:type="SLIST_PQ">'
                f'<origin value="{origin_uv:g}"{scale_unit}/><scale value="{uv_per_count:g}"{scale_unit}/>'
                f"<digits>{digits}</digits></value></sequence></component>"
            )
        return f"<component><sequenceSet>{body}</sequenceSet></component>"

    def variable(kind, part, value):
        return (
            f'<controlVariable><controlVariable><code code="MDC_ECG_CTL_VBL_ATTR_FILTER_{kind}"/><component>'
            f'<controlVariable><code code="MDC_ECG_CTL_VBL_ATTR_FILTER_{part}_FREQ"/>'
            f'<value xsi:type="PQ" value="{value:g}" unit="Hz"/></controlVariable></component>'
            "</controlVariable></controlVariable>"
        )

    facts = {"21612-7": (age, age_unit), "8302-2": (height_cm, "cm"), "29463-7": (weight_kg, "kg")}
    observations = "".join(
        f'<controlVariable><relatedObservation><code code="{code}"/>'
        f'<value xsi:type="PQ" value="{value}" unit="{unit_}"/></relatedObservation></controlVariable>'
        for code, (value, unit_) in facts.items()
        if value is not None
    )
    highpass, lowpass, notch = filters
    derived = (
        ""
        if beat_mv is None
        else '<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>'
        f"{sequences(beat_mv, 'RELATIVE')}</derivedSeries></derivation>"
    )
    rhythm = (
        ""
        if signal_mv is None
        else f'<component><series><id root="{CANARY}"/><code code="RHYTHM"/>'
        f"{variable('HIGH_PASS', 'CUTOFF', highpass)}{variable('LOW_PASS', 'CUTOFF', lowpass)}"
        f"{variable('NOTCH', 'NOTCH', notch)}{sequences(signal_mv, 'ABSOLUTE')}<subjectOf><annotationSet><component>"
        f'<annotation><code code="MDC_ECG_INTERPRETATION_STATEMENT"/><value>{CANARY}</value></annotation></component>'
        f"</annotationSet></subjectOf>{derived}</series></component>"
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Observation">'
        f'<id root="{CANARY}"/><effectiveTime><center value="{acquired}"/></effectiveTime><componentOf><timepointEvent>'
        "<componentOf><subjectAssignment><subject><trialSubject><subjectDemographicPerson>"
        f'<name>{CANARY}</name><administrativeGenderCode code="{sex}"/><birthTime value="{birth}"/>'
        "</subjectDemographicPerson></trialSubject></subject></subjectAssignment></componentOf></timepointEvent>"
        f"</componentOf>{observations}{rhythm}</AnnotatedECG>"
    )
    return text.encode()


def lzw_10(content: bytes) -> bytes:
    """LZW with fixed 10-bit codes, first bit first, as Philips' XLI packs a lead."""
    table = {bytes([value]): value for value in range(256)}
    codes, word = [], b""
    for value in content:
        longer = word + bytes([value])
        if longer in table:
            word = longer
            continue
        codes.append(table[word])
        if len(table) < 2**10 - 1:
            table[longer] = len(table)
        word = bytes([value])
    codes.append(table[word])
    bits = "".join(f"{code:010b}" for code in [*codes, 2**10 - 1])
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def xli(leads_counts) -> bytes:
    """Philips XLI: per lead second differences, their high bytes then their low bytes, in LZW; limb leads as residuals.

    The inverse of what sierra-ecg-tools documents: x[n] = 2 x[n-1] − x[n-2] − (d[n-1] − 64), and the first two as they
    are; lead III as II − I − III, aVR, aVL and aVF as what the rounded half-sums leave.
    """
    rows = np.array(leads_counts, dtype=int)
    one, two, three = rows[:3].copy()
    rows[2] = two - one - three
    rows[3] = -rows[3] - (one + two) // 2
    rows[4] = (one - three) // 2 - rows[4]
    rows[5] = (two + three) // 2 - rows[5]
    packed = b""
    for row in rows:
        bends = 2 * row[1:-1] - row[:-2] - row[2:]  # what is subtracted at n = 2, 3, …
        deltas = np.concatenate([row[:2], bends[1:] + 64, [64]])
        content = deltas.astype(">i2").tobytes()
        body = lzw_10(content[0::2] + content[1::2])
        packed += struct.pack("<iHh", len(body), 0, bends[0]) + body
    return packed


def sierra_xml(
    signal_mv, fs_hz=500, *, version="1.04", age="63", birth=None, acquired="2020-06-15", sex="Female",
    height_cm=None, height_in=None, weight_kg=None, weight_lb=None, beat_mv=None, padding=0, pulse=False,
    compression="", uv_per_count=5.0, filters=("0.05", "150", "True", "60 120"), encoding="utf-8",
) -> bytes:  # fmt: skip
    """A Philips file, plain Base64 or XLI; `pulse` appends the last second, `padding` surrounds beats by 32767."""
    counts = whole(signal_mv, uv_per_count)
    if pulse:
        second = np.zeros((12, int(fs_hz)), dtype=int)
        second[:, int(0.7 * fs_hz) : int(0.9 * fs_hz)] = round(1000 / uv_per_count)
        counts = np.concatenate([counts, second], axis=1)
    content = xli(counts) if compression == "XLI" else counts.astype("<i2").tobytes()
    highpass, lowpass, is_notched, frequencies = filters
    beats = ""
    if beat_mv is not None:
        beats = f'<repbeats dataencoding="Base64" samplespersec="{fs_hz:g}" resolution="2.5" repbeatmethod="mean">'
        for lead in LEADS:
            samples = np.pad(whole(beat_mv[ROW[lead]], 2.5), padding, constant_values=2**15 - 1)
            text = base64.b64encode(samples.astype("<i2").tobytes()).decode()
            duration = f"{samples.size / fs_hz * 1000:g}"
            beats += f'<repbeat leadname="{lead}"><waveform duration="{duration}">{text}</waveform></repbeat>'
        beats += "</repbeats>"
    age_text = _tagged("years", age) + _tagged("dateofbirth", birth)
    packing = f' compression="{compression}"' if compression else ""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><restingecgdata xmlns="http://www3.medical.philips.com">'
        f"<documentinfo><documentname>{CANARY}</documentname><documenttype>SierraECG</documenttype>"
        f"<documentversion>{version}</documentversion></documentinfo>"
        f'<dataacquisition date="{acquired}" time="07:00:00"><signalcharacteristics>'
        f"<samplingrate>{fs_hz:g}</samplingrate><acquisitiontype>STD-12</acquisitiontype>"
        "<numberchannelsallocated>12</numberchannelsallocated></signalcharacteristics></dataacquisition>"
        f"<patient><generalpatientdata><patientid>{CANARY}</patientid><name><lastname>{CANARY}</lastname></name>"
        f"<age defaultage={chr(34)}50{chr(34)}>{age_text}</age><sex>{sex}</sex>"
        f"<height>{_tagged('cm', height_cm)}{_tagged('inch', height_in)}</height>"
        f"<weight>{_tagged('kg', weight_kg)}{_tagged('lb', weight_lb)}</weight></generalpatientdata></patient>"
        f"<interpretations><interpretation><statement><leftstatement>{CANARY}</leftstatement></statement>"
        "</interpretation></interpretations><waveforms>"
        f'<parsedwaveforms dataencoding="Base64"{packing} numberofleads="12" leadlabels="{" ".join(LEADS)}" '
        f'durationperchannel="{counts.shape[1] / fs_hz * 1000:g}" samplespersecond="{fs_hz:g}" '
        f'resolution="{uv_per_count:g}" signaloffset="0" signalsigned="True" bitspersample="16" hipass="{highpass}" '
        f'lowpass="{lowpass}" notchfiltered="{is_notched}" notchfilterfreqs="{frequencies}">'
        f"{base64.b64encode(content).decode()}</parsedwaveforms>{beats}</waveforms></restingecgdata>"
    )
    return text.encode(encoding)


SCP_CODES = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64} | {f"V{k}": k + 2 for k in range(1, 7)}


def scp_section(number, body, protocol=20) -> bytes:
    """One SCP-ECG section with its header and checksum."""
    content = struct.pack("<HIBB6x", number, len(body) + 16, protocol, protocol) + body
    return struct.pack("<H", binascii.crc_hqx(content, 0xFFFF)) + content


def scp_record(sections, protocol=20) -> bytes:
    """An SCP-ECG record of (number, body) pairs with section 0, sizes and checksums."""
    built = [(number, scp_section(number, body, protocol)) for number, body in sections]
    position = 6 + 16 + 10 * (len(built) + 1)
    pointers = struct.pack("<HII", 0, position - 6, 7)
    for number, content in built:
        pointers += struct.pack("<HII", number, len(content), position + 1)
        position += len(content)
    head = struct.pack("<HIBB", 0, 16 + len(pointers), protocol, protocol) + b"SCPECG" + pointers
    body = struct.pack("<IH", position, binascii.crc_hqx(head, 0xFFFF)) + head + b"".join(c for _, c in built)
    return struct.pack("<H", binascii.crc_hqx(body, 0xFFFF)) + body


def scp_bytes(
    signal_mv, fs_hz=500, *, age=(63, 1), sex=2, birth=None, acquired=(2020, 6, 15), height=None, weight=None,
    beat_mv=None, leads=INDEPENDENT_LEADS, avm_nv=2500, difference=0, starts=None, filters=(5, 150, 2),
    interval_us=None, protocol=20,
) -> bytes:  # fmt: skip
    """An SCP-ECG record without Huffman coding: 16-bit amplitudes or first differences.

    `age`, `height` and `weight` are (number, unit code), `filters` the values of tags 27, 28 and 29, `beat_mv` goes to
    section 5.
    """
    tags = [(0, CANARY.encode() + b"\0"), (2, CANARY.encode() + b"\0"), (8, bytes([sex]))]
    for tag, value in ((4, age), (6, height), (7, weight)):
        if value is not None:
            tags.append((tag, struct.pack("<HB", *value)))
    for tag, day in ((5, birth), (25, acquired)):
        if day is not None:
            tags.append((tag, struct.pack("<HBB", *day)))
    tags += [(27, struct.pack("<H", filters[0])), (28, struct.pack("<H", filters[1])), (29, bytes([filters[2]]))]
    section_1 = b"".join(struct.pack("<BH", tag, len(value)) + value for tag, value in tags) + b"\xff\0\0"
    n_samples = signal_mv.shape[1]
    starts = starts or [1] * len(leads)
    section_3 = bytes([len(leads), 4 | len(leads) << 3 & 0xFF])
    for lead, start in zip(leads, starts, strict=True):
        section_3 += struct.pack("<IIB", start, start + n_samples - 1, SCP_CODES[lead])
    interval_us = interval_us or round(1e6 / fs_hz)
    sections = [(1, section_1), (3, section_3)]

    def signal_section(signal):
        counts = [whole(signal[ROW[lead]], avm_nv / 1000) for lead in leads]
        rows = [np.diff(row, prepend=0) if difference else row for row in counts]
        lengths = struct.pack(f"<{len(rows)}H", *(2 * row.size for row in rows))
        head = struct.pack("<HHBB", avm_nv, interval_us, difference, 0)
        return head + lengths + b"".join(row.astype("<i2").tobytes() for row in rows)

    if beat_mv is not None:
        sections.append((4, struct.pack("<HHH", round(beat_mv.shape[1] * interval_us / 1000), 100, 0)))
        sections.append((5, signal_section(beat_mv)))
    sections.append((6, signal_section(signal_mv)))
    sections.append((8, bytes([1, 0xE4, 7, 6, 15, 10, 0, 0, 1, 1]) + struct.pack("<H", 7) + CANARY.encode() + b"\0"))
    return scp_record(sections, protocol)


def cardiosoft_xml(
    signal_mv, fs_hz=500, *, age="63", age_units="Years", sex="FEMALE", height="170", height_units="cm", weight="70",
    weight_units="kg", beat_mv=None, leads=LEADS, uv_per_count=5.0, unit="uVperLsb",
    filters=("0.05", "150", "no", "no"), n_said=None, separator=",",
) -> bytes:  # fmt: skip
    """A GE CardioSoft CardiologyXML file; `filters` are HighPass, LowPass, Filter50Hz, Filter60Hz."""

    def block(tag, signal):
        units = "" if unit is None else f' units="{unit}"'
        text = f"<{tag}><NumberOfLeads>{len(leads)}</NumberOfLeads>"
        text += f'<SampleRate units="Hz">{fs_hz:g}</SampleRate>'
        text += f"<ChannelSampleCountTotal>{n_said or signal.shape[1]}</ChannelSampleCountTotal>"
        text += f"<Resolution{units}>{uv_per_count:g}</Resolution>"
        for lead in leads:
            counts = whole(signal[ROW[lead]], uv_per_count)
            lines = [separator.join(map(str, counts[at : at + 20])) for at in range(0, counts.size, 20)]
            text += f'<WaveformData lead="{lead}">\n\t\t' + f"{separator}\n\t\t".join(lines) + "</WaveformData>"
        return f"{text}</{tag}>"

    highpass, lowpass, at_50, at_60 = filters
    beat = "" if beat_mv is None else block("MedianSamples", beat_mv)
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1" ?><CardiologyXML><ObservationType>RestECG</ObservationType>'
        f"<ObservationDateTime><Year>2020</Year></ObservationDateTime><PatientInfo><PID>{CANARY}</PID>"
        f"<Name><FamilyName>{CANARY}</FamilyName></Name>{_tagged('Age', age, f' units={chr(34)}{age_units}{chr(34)}')}"
        f"<Gender>{sex}</Gender>{_tagged('Height', height, f' units={chr(34)}{height_units}{chr(34)}')}"
        f"{_tagged('Weight', weight, f' units={chr(34)}{weight_units}{chr(34)}')}</PatientInfo>"
        f"<FilterSetting><CubicSpline>yes</CubicSpline><Filter50Hz>{at_50}</Filter50Hz><Filter60Hz>{at_60}</Filter60Hz>"
        f'<LowPass units="Hz">{lowpass}</LowPass><HighPass units="Hz">{highpass}</HighPass></FilterSetting>'
        f"<Interpretation><Diagnosis>{CANARY}</Diagnosis></Interpretation>"
        f"<RestingECGMeasurements>{beat}</RestingECGMeasurements>"
        + ("" if signal_mv is None else block("StripData", signal_mv))
        + "</CardiologyXML>"
    )
    return text.encode("iso-8859-1")


def edf_bytes(
    signal_mv, fs_hz=500, *, leads=LEADS, dimension="uV", physical=None, digital=(-32768, 32767), prefilter="",
    sex="", birth="", extra=(), plus=True, rates=None,
) -> bytes:  # fmt: skip
    """An EDF or EDF+ file by pyedflib; `extra` are (label, signal, rate), `rates` one rate per lead where they differ.

    `physical` and `digital` are (low, high) for all leads or one pair per lead.
    """
    import pyedflib

    rows = [np.asarray(signal_mv[ROW[lead]]) * {"uV": 1000, "mV": 1}[dimension] for lead in leads]
    rates = list(rates or [fs_hz] * len(leads))
    physical = physical or (-10000, 10000)
    pairs = [pair if isinstance(pair[0], tuple) else (pair,) * len(leads) for pair in (physical, digital)]
    headers = [
        {
            "label": f"ECG {lead}", "dimension": dimension, "sample_frequency": rate, "physical_min": low,
            "physical_max": high, "digital_min": first, "digital_max": last, "transducer": "", "prefilter": prefilter,
        }
        for lead, rate, (low, high), (first, last) in zip(leads, rates, *pairs, strict=True)
    ]  # fmt: skip
    for label, row, rate in extra:
        headers.append(headers[0] | {"label": label, "sample_frequency": rate})
        rows.append(np.asarray(row))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.edf"
        kind = pyedflib.FILETYPE_EDFPLUS if plus else pyedflib.FILETYPE_EDF
        writer = pyedflib.EdfWriter(str(path), len(headers), kind)
        writer.setSignalHeaders(headers)
        if plus:
            writer.setPatientName(CANARY)
            writer.setPatientCode(CANARY)
            writer.setTechnician(CANARY)
            if sex:
                writer.setSex(sex)
            if birth:
                writer.setBirthdate(birth)
        writer.setStartdatetime(datetime.datetime(2020, 6, 15, 10, 0, 0))
        writer.writeSamples(rows)
        writer.close()
        return path.read_bytes()
