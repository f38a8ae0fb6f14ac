"""Tencent Cloud's own API: sections E1 to E8."""

from .element import Kind, element, elements

_API = "test_tencent::"
_SDK = "test_tencent_sdk::"
_SIGNING = "test_tencent_signing::"
_ERRORS = "test_tencent_errors::"
_VOICES = "test_tencent_voices::"
_DIALECTS = f"{_API}test_a_stream_is_read_in_every_dialect"
_ASKED = f"{_API}test_a_request_says_what_is_wanted_and_no_more"
_CHECKED = f"{_API}test_parameters_are_checked"
_BY_HEADERS = f"{_API}test_request_is_refused_by_its_headers"
_BY_ACCOUNT = f"{_API}test_account_is_refused"
_RECORDING = f"{_API}test_recording_is_checked"
_TABLE = f"{_ERRORS}test_a_code_of_the_table"
_SETTING = f"{_ERRORS}test_a_setting_that_is_refused_is_named"
_REJECTED = f"{_ERRORS}test_a_recording_is_rejected_for_a_reason"
_UNNEEDED = "no setting needs it"

ELEMENTS = (
    # docs/dev/protocols.md E1, E2
    element(
        "E1",
        Kind.ENDPOINT,
        "POST /",
        emulator=f"{_SDK}test_text_to_speech {_SDK}test_stream",
        adapter=f"{_API}test_a_text_sounds_as_it_should_at_every_rate",
    ),
    *(
        element("E1", Kind.RULE, name, emulator=emulator, adapter=_API + adapter)
        for name, emulator, adapter in (
            ("a region for each site", _BY_HEADERS, "test_a_request_goes_to_the_region_of_its_site"),
            (
                "the limits of each site",
                f"{_API}test_older_limits {_API}test_length_of_a_text_is_limited",
                "test_a_text_is_as_long_as_its_site_takes",
            ),
            ("errors have status 200", _BY_HEADERS, "test_an_error_comes_as_json_with_status_200"),
            (
                "10 MB of a request",
                f"{_API}test_too_large_a_request_is_refused",
                "test_the_longest_recording_fits_into_a_request",
            ),
            (
                "another status is that of a proxy",
                f"{_API}test_status_alone_is_a_page {_SDK}test_page_of_something_else",
                "test_a_proxy_that_refuses_is_not_the_service",
            ),
        )
    ),
    element(
        "E2",
        Kind.RULE,
        "TC3-HMAC-SHA256",
        emulator=f"{_API}test_signature_is_that_of_the_vectors {_SDK}test_text_to_speech",
        adapter=f"{_SIGNING}test_a_request_is_signed_for_its_host",
    ),
    element(
        "E2",
        Kind.RULE,
        "SignedHeaders name what is signed",
        emulator=f"{_API}test_signature_is_checked_by_the_headers_that_it_names",
        adapter=f"{_SIGNING}test_headers_name_what_is_asked_for_and_never_the_key",
    ),
    element(
        "E2",
        Kind.RULE,
        "five minutes of the clock",
        emulator=f"{_BY_HEADERS} {_API}test_clock_of_the_service_counts",
        adapter=f"{_API}test_a_clock_that_is_off_is_said {_API}test_four_minutes_are_within_what_a_signature_allows",
    ),
    element(
        "E2",
        Kind.FIELD,
        "X-TC-Token",
        emulator=f"{_API}test_temporary_key_needs_its_token {_SDK}test_temporary_key",
        unasked="temporary keys end too soon to be entered by a person",
    ),
    # docs/dev/protocols.md E3
    *elements(
        "E3",
        Kind.FIELD,
        (
            "SdkAppId",
            "Text",
            "Model",
            "Language",
            "VoiceId",
            "Speed",
            "Volume",
            "Pitch",
            "Emotion",
            "Format",
            "SampleRate",
        ),
        emulator=_CHECKED,
        adapter=_ASKED,
    ),
    element(
        "E3",
        Kind.FIELD,
        "Bitrate, formats beside pcm",
        emulator=f"{_API}test_compressed_sound {_API}test_wav_comes_whole_only",
        unasked="only 16-bit PCM is asked for; every other form is made of it here",
    ),
    element(
        "E3",
        Kind.FIELD,
        "PronunciationDict",
        emulator=f"{_API}test_words_are_pronounced_as_asked",
        mark="PronunciationDict",
        unasked="a text is given to the service as it is to be read",
    ),
    element(
        "E3",
        Kind.FIELD,
        "AlignmentMode",
        emulator=f"{_API}test_sentences_are_timed",
        mark="AlignmentMode",
        unasked="it times the words of one model only",
    ),
    element("E3", Kind.FIELD, "ExtraParams", emulator=_CHECKED, mark="ExtraParams", unasked=_UNNEEDED),
    element(
        "E3",
        Kind.ENDPOINT,
        "DescribeTRTCAIRecognitionUsage",
        emulator=f"{_API}test_usage_is_told {_SDK}test_usage",
        unasked="it lags behind, needs a right of its own, and tells nothing of what is left",
    ),
    # docs/dev/protocols.md E4, E5
    element(
        "E4",
        Kind.RULE,
        "the published voices, by model",
        emulator=f"{_API}test_voices_are_the_published_ones {_CHECKED}",
        adapter=f"{_VOICES}test_the_library_has_all_published_voices",
    ),
    element(
        "E4",
        Kind.RULE,
        "languages by model",
        emulator=_CHECKED,
        adapter=f"{_VOICES}test_each_language_has_voices_and_a_default_among_them "
        f"{_VOICES}test_a_language_is_asked_for_by_the_services_own_name",
    ),
    element(
        "E5",
        Kind.FIELD,
        "a whole body",
        emulator=f"{_SDK}test_text_to_speech",
        adapter=f"{_API}test_a_text_sounds_as_it_should_at_every_rate {_API}test_a_body_without_sound_is_broken",
    ),
    *(
        element("E5", Kind.EVENT, name, emulator=f"{_API}test_events_of_a_stream {_SDK}test_stream", adapter=_DIALECTS)
        for name in (
            "audio and chunk",
            "IsEnd with sound, with an empty one, without",
            "end",
            "CR LF and comments between the events",
        )
    ),
    element(
        "E5",
        Kind.EVENT,
        "a line over 128 KiB",
        emulator=f"{_API}test_line_can_be_long {_SDK}test_long_lines",
        adapter=f"{_API}test_an_event_may_be_longer_than_any_buffer",
    ),
    element(
        "E5",
        Kind.EVENT,
        "an error in the middle",
        emulator=f"{_API}test_stream_fails_in_the_middle",
        adapter=f"{_API}test_a_stream_that_is_not_whole_is_an_error",
    ),
    element(
        "E5",
        Kind.ERROR,
        "JSON in place of a stream",
        emulator=f"{_SDK}test_refusals_are_typed",
        adapter=f"{_API}test_an_error_comes_as_json_with_status_200",
    ),
    # docs/dev/protocols.md E6
    *(
        element("E6", Kind.ERROR, code, emulator=emulator, adapter=adapter, mark=code.rsplit(".", maxsplit=1)[-1])
        for codes, emulator, adapter in (
            (
                (
                    *("AuthFailure.SecretIdNotFound", "AuthFailure.SignatureFailure", "AuthFailure.SignatureExpire"),
                    *("AuthFailure.InvalidAuthorization", "InvalidAction", "NoSuchVersion", "UnsupportedRegion"),
                    "MissingParameter",
                ),
                _BY_HEADERS,
                _TABLE,
            ),
            (("AuthFailure.TokenFailure",), f"{_API}test_temporary_key_needs_its_token", _TABLE),
            (
                (
                    *("AuthFailure.UnauthorizedOperation", "UnsupportedOperation.NotAllowed", "ResourceUnavailable"),
                    "MissingParameter.APIKey",
                ),
                _BY_ACCOUNT,
                _TABLE,
            ),
            (
                (*("FailedOperation.SdkAppIdNotExist", "UnauthorizedOperation.SdkAppId", "InvalidParameter.SdkAppId"),),
                f"{_API}test_application_is_checked",
                f"{_TABLE} {_API}test_what_is_wrong_with_a_key_is_told_apart",
            ),
            (("RequestLimitExceeded",), f"{_API}test_rate_is_limited", _TABLE),
            (("LimitExceeded.ConcurrencyLimit",), f"{_API}test_requests_at_a_time_are_limited", _TABLE),
            (("InvalidParameter.VoiceId", "UnknownParameter"), _CHECKED, _TABLE),
            (("InvalidParameter.Model",), _CHECKED, f"{_ERRORS}test_a_model_that_is_refused_is_gone"),
            (
                (
                    "InvalidParameter.Language",
                    "InvalidParameter.Speed",
                    "InvalidParameter.Volume",
                    "InvalidParameter.Pitch",
                ),
                _CHECKED,
                _SETTING,
            ),
            (("InvalidParameter.SampleRate",), _CHECKED, _SETTING),
            (("InvalidParameter.PronunciationDict",), _CHECKED, _TABLE),
            (
                ("InvalidParameter.TextLength", "MissingParameter.Text"),
                f"{_API}test_length_of_a_text_is_limited",
                _SETTING,
            ),
            (("RequestSizeLimitExceeded",), f"{_API}test_too_large_a_request_is_refused", f"{_TABLE} {_REJECTED}"),
            (("InvalidParameter.AudioPrompt", "UnsupportedOperation.VoiceCloneError"), _RECORDING, _REJECTED),
            (("InvalidParameter.VoiceName",), _RECORDING, _SETTING),
            (("LimitExceeded.VoiceCloneMaxNumLimit",), f"{_API}test_number_of_clones_is_limited", _REJECTED),
            (("InternalError",), f"{_SDK}test_faults_are_errors_of_the_service", _TABLE),
        )
        for code in codes
    ),
    # docs/dev/protocols.md E7, E8
    element(
        "E7",
        Kind.RULE,
        "an ideograph is two characters",
        emulator=f"{_API}test_characters_are_counted_as_they_are_charged",
        adapter=f"{_API}test_characters_are_billed_as_the_service_counts_them {_VOICES}test_ideographs_count_twice",
    ),
    element(
        "E7",
        Kind.RULE,
        "a voice that cannot be proves a key",
        emulator=f"{_API}test_application_is_checked",
        adapter=f"{_API}test_a_key_is_proved_without_cost",
    ),
    element(
        "E7",
        Kind.RULE,
        "a package runs out",
        emulator=f"{_API}test_package_runs_out",
        adapter=f"{_API}test_what_is_wrong_with_an_account_is_told_apart",
    ),
    element(
        "E8",
        Kind.ENDPOINT,
        "VoiceClone",
        emulator=f"{_API}test_voice_is_cloned {_SDK}test_clone",
        adapter=f"{_API}test_a_clone_is_made_for_a_model_and_speaks",
    ),
    element(
        "E8",
        Kind.RULE,
        "6 to 180 s",
        emulator=_RECORDING,
        adapter=f"{_API}test_a_recording_has_from_6_to_180_seconds",
    ),
    element(
        "E8",
        Kind.RULE,
        "no list, no deletion",
        emulator=f"{_API}test_voice_is_cloned",
        adapter=f"{_API}test_no_voice_can_be_deleted {_API}test_the_voices_need_no_request",
    ),
)
