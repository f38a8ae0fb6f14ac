"""Sarvam AI: sections B1 to B5, and the speakers of B8."""

from .element import MATRIX, Kind, element, elements

_HTTP = "test_sarvam::"
_SOCKET = "test_sarvam_socket::"
_SDK = "test_sarvam_sdk::"
_ORDERS = "test_socket_orders::"
_SAID = f"{_HTTP}test_a_request_says_only_what_its_model_has"
_SPOKEN = f"{_HTTP}test_a_text_sounds_as_it_should_with_every_model_at_every_rate"
_CYCLES = f"{_HTTP}test_a_warm_socket_serves_request_after_request_with_different_voices"
_TABLE = f"{_HTTP}test_an_error_of_the_table_before_the_answer {MATRIX}"
_FRAME = f"{_HTTP}test_an_error_as_a_frame {MATRIX}"
_NAMED = f"{_HTTP}test_a_refusal_names_the_setting"
_PCM_ONLY = "only 16-bit PCM is asked for; every other form is made of it here"

ELEMENTS = (
    element(
        "B1",
        Kind.RULE,
        "header api-subscription-key",
        emulator=f"{_HTTP}test_accepts_the_key_in_either_header",
        adapter=_SAID,
        mark="api-subscription-key",
    ),
    element(
        "B1",
        Kind.RULE,
        "header Authorization",
        emulator=f"{_HTTP}test_accepts_the_key_in_either_header",
        unasked="the other header is the older one, and nobody denies it",
    ),
    element(
        "B1",
        Kind.RULE,
        "key as subprotocol",
        emulator=f"{_SOCKET}test_accepts_the_key_in_headers_and_as_subprotocol",
        unasked="it is for browsers, which can't send headers",
    ),
    element(
        "B1",
        Kind.ERROR,
        "403 for another key, also at the upgrade",
        emulator=f"{_HTTP}test_refuses_other_keys_with_403 {_SOCKET}test_refuses_other_keys_at_the_upgrade",
        adapter=f"{_HTTP}test_a_bad_key_is_refused_and_never_shown {MATRIX}",
    ),
    element(
        "B1",
        Kind.ENDPOINT,
        "GET /text-to-speech/pronunciation-dictionary",
        emulator=f"{_HTTP}test_checks_a_key_for_free",
        adapter=f"{_HTTP}test_a_key_is_proved_by_asking_for_the_dictionaries",
    ),
    element(
        "B1",
        Kind.RULE,
        "x-credits headers",
        emulator=f"{_HTTP}test_credits_may_be_told_in_headers",
        adapter=f"{_HTTP}test_credits_in_headers_are_heard",
    ),
    # docs/dev/protocols.md B1, B2, B4, B8, B9: what live clients saw and what follows from it
    element(
        "B4",
        Kind.RULE,
        "HTTP is preferred where no end mark came",
        emulator=f"{_SOCKET}test_completion_events_may_be_missing",
        adapter="test_transports::test_a_text_whose_end_mark_never_came_is_in_no_cache_and_the_next_goes_over_http",
    ),
    *(
        element(section, Kind.RULE, name, emulator=emulator, adapter=_ORDERS + adapter)
        for section, name, emulator, adapter in (
            (
                "B1",
                "403 for an unknown path of a socket",
                f"{_SOCKET}test_unknown_path_is_forbidden_without_a_word_about_the_key",
                "test_a_page_of_a_proxy_says_nothing_of_the_key",
            ),
            (
                "B1",
                "x-request-id",
                f"{_HTTP}test_every_answer_has_an_identifier",
                "test_a_refusal_tells_what_the_service_calls_the_request",
            ),
            (
                "B2",
                "retired models",
                f"{_HTTP}test_refuses_a_retired_model {_SOCKET}test_refuses_a_retired_model_on_the_socket",
                "test_a_retired_model_of_sarvam_is_asked_for",
            ),
            (
                "B2",
                "v3 refuses pitch and loudness",
                f"{_HTTP}test_v3_may_refuse_pitch_and_loudness",
                "test_a_request_whose_tone_is_refused_is_made_once_more_without",
            ),
            (
                "B2",
                "v3 refuses pitch and loudness on a socket",
                f"{_SOCKET}test_v3_may_refuse_pitch_and_loudness_on_the_socket",
                "test_a_tone_that_is_refused_on_a_socket_is_left_out_on_the_next",
            ),
            (
                "B4",
                "no completion events",
                f"{_SOCKET}test_completion_events_may_be_missing",
                "test_sound_and_then_quiet_is_a_text_that_was_spoken",
            ),
            (
                "B8",
                "a letter of an allowed script",
                f"{_HTTP}test_refuses_a_text_that_nobody_can_speak",
                "test_a_text_needs_a_letter_that_the_service_knows",
            ),
            (
                "B9",
                "30 requests a minute, 50 at once",
                f"{_HTTP}test_rate_is_limited_by_a_bucket",
                "test_requests_of_sarvam_are_limited_as_documented",
            ),
        )
    ),
    element(
        "B4",
        Kind.RULE,
        "one socket path for all models",
        emulator=f"{_SOCKET}test_model_comes_from_the_config_or_the_query",
        adapter=f"{_HTTP}test_a_model_stands_in_the_address_of_its_socket",
    ),
    element(
        "B4",
        Kind.RULE,
        "WAV: one header, sizes unknown",
        emulator=f"{_SOCKET}test_wav_begins_with_its_header_alone",
        adapter=f"{_HTTP}test_a_wav_is_taken_for_what_it_says",
    ),
    element(
        "B8",
        Kind.RULE,
        "bounds and temperature of v4-flash",
        emulator=f"{_HTTP}test_says_what_the_model_does_not_do {_HTTP}test_temperature_has_no_effect_on_v4_flash",
        adapter=_SAID,
        mark="bulbul:v4-flash",
    ),
    element(
        "B9",
        Kind.RULE,
        "no usage on answers",
        emulator=f"{_HTTP}test_charges_by_the_character",
        adapter=f"{_HTTP}test_a_text_costs_its_characters",
    ),
    # docs/dev/protocols.md B2
    element(
        "B2",
        Kind.ENDPOINT,
        "POST /text-to-speech",
        emulator=f"{_HTTP}test_whole_answer_is_a_wav_at_22050_hz {_SDK}test_convert",
        adapter=f"{_SPOKEN} {_HTTP}test_a_whole_answer_has_one_sound",
    ),
    element(
        "B2",
        Kind.FIELD,
        "target_language_code",
        emulator=f"{_HTTP}test_accepts_both_names_of_the_language",
        adapter=f"{_HTTP}test_every_language_is_spoken",
        mark="target_language_code",
    ),
    element(
        "B2",
        Kind.FIELD,
        "language_code",
        emulator=f"{_HTTP}test_accepts_both_names_of_the_language",
        adapter=f"{_HTTP}test_every_language_is_spoken",
        mark="language_code",
    ),
    *elements(
        "B2",
        Kind.FIELD,
        ("speaker", "model"),
        emulator=f"{_HTTP}test_each_speaker_sounds_like_itself",
        adapter=_SAID,
    ),
    element("B2", Kind.FIELD, "pace", emulator=f"{_HTTP}test_pace_changes_the_length", adapter=_SAID, mark="pace"),
    *elements(
        "B2",
        Kind.FIELD,
        ("pitch", "loudness"),
        emulator=f"{_HTTP}test_pitch_and_loudness_are_heard",
        adapter=_SAID,
    ),
    *elements(
        "B2",
        Kind.FIELD,
        ("temperature", "enable_preprocessing"),
        emulator=f"{_HTTP}test_names_the_field_that_is_not_of_the_form",
        adapter=_SAID,
    ),
    element(
        "B2",
        Kind.FIELD,
        "speech_sample_rate",
        emulator=f"{_HTTP}test_whole_answers_have_all_rates {_HTTP}test_says_which_rates_it_has",
        adapter=f"{_SPOKEN} {_SAID}",
        mark="speech_sample_rate",
    ),
    element(
        "B2",
        Kind.FIELD,
        "output_audio_codec linear16",
        emulator=f"{_HTTP}test_speaks_in_every_headerless_codec",
        adapter=_SAID,
        mark="linear16",
    ),
    element(
        "B2",
        Kind.FIELD,
        "output_audio_codec mp3",
        emulator=f"{_HTTP}test_speaks_in_every_container",
        unasked=_PCM_ONLY,
    ),
    element(
        "B2",
        Kind.FIELD,
        "output_audio_codec wav",
        emulator=f"{_HTTP}test_speaks_in_every_container",
        adapter=f"{_HTTP}test_a_wav_is_taken_for_what_it_says",
        mark="wav",
    ),
    *(
        element(
            "B2",
            Kind.FIELD,
            f"output_audio_codec {codec}",
            emulator=f"{_HTTP}test_speaks_in_every_headerless_codec {_HTTP}test_speaks_in_every_container",
            mark=f'"{codec}"',
            unasked=_PCM_ONLY,
        )
        for codec in ("mulaw", "alaw", "opus", "flac", "aac")
    ),
    element(
        "B2",
        Kind.FIELD,
        "dict_id",
        emulator=f"{_SDK}test_dictionary_is_heard_on_every_transport",
        adapter="test_sarvam_dictionaries::test_a_voice_speaks_by_its_dictionary",
    ),
    element(
        "B2",
        Kind.RULE,
        "unknown fields",
        emulator=f"{_HTTP}test_tolerates_unknown_fields_and_nulls",
        unasked="only fields that are known are sent",
    ),
    element(
        "B2",
        Kind.RULE,
        "text limits",
        emulator=f"{_HTTP}test_text_ends_at_the_limit",
        adapter=f"{_HTTP}test_a_text_may_be_as_long_as_its_limit "
        f"{_HTTP}test_a_text_that_is_too_long_is_refused_and_not_cut",
    ),
    # docs/dev/protocols.md B3
    element(
        "B3",
        Kind.ENDPOINT,
        "POST /text-to-speech/stream",
        emulator=f"{_HTTP}test_streamed_answer_is_mp3 {_SDK}test_convert_stream",
        adapter=f"{_SPOKEN} {_HTTP}test_sound_is_passed_on_before_the_service_has_finished",
    ),
    element(
        "B3",
        Kind.FIELD,
        "output_audio_bitrate",
        emulator=f"{_HTTP}test_bit_rate_makes_the_stream_smaller",
        mark="output_audio_bitrate",
        unasked=_PCM_ONLY,
    ),
    element(
        "B3",
        Kind.RULE,
        "WAV of unknown length",
        emulator=f"{_HTTP}test_streamed_wav_does_not_know_its_length",
        adapter=f"{_HTTP}test_a_wav_is_taken_for_what_it_says",
    ),
    element("B3", Kind.RULE, "no language", emulator=f"{_HTTP}test_stream_needs_no_language", unasked="one is chosen"),
    # docs/dev/protocols.md B4
    element(
        "B4",
        Kind.ENDPOINT,
        "GET /text-to-speech/ws",
        emulator=f"{_SOCKET}test_one_cycle_of_text_and_flush {_SDK}test_socket",
        adapter=_CYCLES,
    ),
    element(
        "B4",
        Kind.FIELD,
        "send_completion_event",
        emulator=f"{_SOCKET}test_no_event_unless_asked_for {_SOCKET}test_one_cycle_of_text_and_flush",
        adapter=f"{_HTTP}test_a_model_stands_in_the_address_of_its_socket",
        mark="send_completion_event",
    ),
    *(
        element("B4", Kind.FRAME, name, emulator=emulator, adapter=adapter, unasked=unasked)
        for name, emulator, adapter, unasked in (
            ("config", f"{_SOCKET}test_accepts_what_clients_were_seen_to_send", _SAID, ""),
            ("config again", f"{_SOCKET}test_another_config_speaks_the_buffer_first", _CYCLES, ""),
            ("text", f"{_SOCKET}test_text_may_come_in_any_bits", _CYCLES, ""),
            ("flush", f"{_SOCKET}test_flush_without_text_says_nothing", _CYCLES, ""),
            (
                "ping",
                f"{_SOCKET}test_ping_keeps_the_socket_open",
                f"{_HTTP}test_an_idle_socket_is_kept_awake_without_a_sound",
                "",
            ),
            ("audio", f"{_SOCKET}test_names_the_content_type", _SPOKEN, ""),
            (
                "audio: header of a WAV alone",
                f"{_SOCKET}test_wav_begins_with_its_header_alone",
                f"{_HTTP}test_a_wav_is_taken_for_what_it_says",
                "",
            ),
            ("audio: mp3", f"{_SOCKET}test_mp3_frames_are_one_playable_stream", "", _PCM_ONLY),
            ("event final", f"{_SOCKET}test_each_cycle_has_its_own_event", _CYCLES, ""),
            (
                "error with the code 422",
                f"{_SOCKET}test_config_that_is_not_of_the_form {_SOCKET}test_message_that_is_not_of_the_form",
                f"{_HTTP}test_an_error_as_a_frame {_HTTP}test_an_error_frame_of_every_form",
                "",
            ),
            (
                "error with the status in its message",
                f"{_SOCKET}test_config_that_the_model_does_not_do",
                f"{_HTTP}test_an_error_as_a_frame",
                "",
            ),
        )
    ),
    element(
        "B4",
        Kind.FIELD,
        "min_buffer_size",
        emulator=f"{_SOCKET}test_buffer_is_spoken_when_it_is_full",
        adapter=_SAID,
        mark="min_buffer_size",
    ),
    element(
        "B4",
        Kind.FIELD,
        "max_chunk_length",
        emulator=f"{_SOCKET}test_long_text_is_split_and_nothing_is_lost",
        adapter=_SAID,
        mark="max_chunk_length",
    ),
    element(
        "B4",
        Kind.RULE,
        "an error about a text closes the socket",
        emulator=f"{_SOCKET}test_error_about_a_text_closes_the_socket",
        adapter=f"{_HTTP}test_what_the_service_really_refuses",
    ),
    element(
        "B4",
        Kind.RULE,
        "closed after 60 idle seconds",
        emulator=f"{_SOCKET}test_closes_after_a_minute_without_a_message",
        adapter=f"{_HTTP}test_a_socket_that_the_service_closed_is_not_reusable {MATRIX}",
    ),
    element(
        "B4",
        Kind.RULE,
        "no cancel: the socket is closed",
        emulator=f"{_SOCKET}test_leaving_in_the_middle_leaves_nothing_behind",
        adapter=f"{_HTTP}test_what_is_given_up_never_sounds_in_the_next_request",
    ),
    # docs/dev/protocols.md B5
    *elements(
        "B5",
        Kind.ERROR,
        (
            "invalid_request_error",
            "unprocessable_entity_error",
            "invalid_api_key_error",
            "authentication_error",
            "not_found_error",
            "rate_limit_exceeded_error",
            "insufficient_quota_error",
            "internal_server_error",
            "model_call_error",
            "gateway_timeout_error",
            "billing_service_unavailable_error",
        ),
        emulator=f"{_HTTP}test_every_error_of_the_table_can_be_had",
        adapter=_TABLE,
    ),
    element(
        "B5",
        Kind.ERROR,
        "errors at the upgrade",
        emulator=f"{_SOCKET}test_any_error_can_be_had_at_the_upgrade",
        adapter=_TABLE,
    ),
    element(
        "B5",
        Kind.ERROR,
        "errors in the middle",
        emulator=f"{_SOCKET}test_any_error_can_be_had_in_the_middle",
        adapter=_FRAME,
    ),
    *(
        element("B5", Kind.ERROR, name, emulator=_HTTP + test, adapter=_NAMED, mark=name)
        for name, test in (
            ("is not compatible with model", "test_lists_the_speakers_of_v3"),
            ("is not recognized.", "test_says_what_the_model_does_not_do"),
            ("pace should be between 0.5 and 2.0", "test_says_what_the_model_does_not_do"),
            ("model: Input should be", "test_names_the_field_that_is_not_of_the_form"),
            ("'text' cannot be empty", "test_says_what_the_model_does_not_do"),
            ("Text must contain at least one character", "test_refuses_a_text_that_nobody_can_speak"),
            ("Please request beta access to", "test_says_what_the_model_does_not_do"),
            ("is only supported by bulbul:v3", "test_says_what_the_model_does_not_do"),
            ("has been deprecated. Please use", "test_refuses_a_retired_model"),
            ("Speech sample rate can only be", "test_says_which_rates_it_has"),
        )
    ),
    *elements(
        "B5",
        Kind.ERROR,
        ("This model is currently in beta and not available.", "Dictionary limit exceeded"),
        emulator=f"{_HTTP}test_errors_off_the_standard_shape_can_be_had",
        adapter=f"{_HTTP}test_an_error_of_another_shape",
    ),
    element(
        "B5",
        Kind.ERROR,
        "page with 502",
        emulator=f"{_HTTP}test_a_gateway_answers_with_a_page",
        adapter=f"{_HTTP}test_an_error_of_another_shape",
        mark="502",
    ),
    # docs/dev/protocols.md B8
    element(
        "B8",
        Kind.RULE,
        "speakers of each model",
        emulator=f"{_HTTP}test_each_speaker_sounds_like_itself",
        adapter=f"{_HTTP}test_every_speaker_that_is_listed_can_speak",
    ),
)
