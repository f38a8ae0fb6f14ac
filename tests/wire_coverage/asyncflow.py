"""AsyncFlow: sections A1 to A5, A7, A9, A10."""

from .element import MATRIX, Kind, element, elements

_HTTP = "test_asyncflow::"
_SOCKET = "test_asyncflow_socket::"
_VOICES = "test_asyncflow_voices::"
_ORDERS = "test_socket_orders::"
_SAID = f"{_HTTP}test_a_request_says_only_what_its_model_has"
_SPOKEN = f"{_HTTP}test_a_text_sounds_as_it_should_at_every_rate"
_TABLE = f"{_HTTP}test_an_error_of_the_table_before_the_answer {MATRIX}"
_FRAMES = f"{_HTTP}test_an_error_of_the_table_as_a_frame {MATRIX}"
_PCM_ONLY = "only 16-bit PCM is asked for; every other form is made of it here"

ELEMENTS = (
    element(
        "A1",
        Kind.RULE,
        "key and version in headers",
        emulator=f"{_HTTP}test_headers_are_checked_everywhere {_HTTP}test_version_is_required_but_for_updates",
        adapter=f"{_HTTP}test_a_request_over_http_shows_key_and_version_in_its_headers",
    ),
    element(
        "A1",
        Kind.RULE,
        "key and version in the query of the WebSocket",
        emulator=f"{_SOCKET}test_upgrade_is_refused",
        adapter=f"{_HTTP}test_a_request_over_a_socket_is_a_context",
        mark="api_key",
    ),
    # docs/dev/protocols.md A2
    element(
        "A1",
        Kind.RULE,
        "another base URL",
        emulator=f"{_HTTP}test_text_is_spoken_in_the_voice",
        adapter=f"{_HTTP}test_a_request_over_http_shows_key_and_version_in_its_headers",
    ),
    element(
        "A2",
        Kind.ENDPOINT,
        "GET /",
        emulator=f"{_HTTP}test_status_needs_no_key",
        adapter=f"{_HTTP}test_a_socket_for_http_can_be_opened_ahead",
    ),
    element(
        "A2",
        Kind.ENDPOINT,
        "POST /text_to_speech",
        emulator=f"{_HTTP}test_text_is_spoken_in_the_voice",
        adapter=_SPOKEN,
    ),
    element(
        "A2",
        Kind.ENDPOINT,
        "POST /text_to_speech/streaming",
        emulator=f"{_HTTP}test_stream_comes_in_chunks",
        adapter=f"{_SPOKEN} {_HTTP}test_sound_is_passed_on_before_the_service_has_finished",
    ),
    element(
        "A2",
        Kind.ENDPOINT,
        "POST /voices",
        emulator=f"{_HTTP}test_voices_are_listed_page_by_page",
        adapter=f"{_HTTP}test_all_pages_of_voices_are_read {_HTTP}test_a_key_is_proved_by_asking_for_one_voice",
    ),
    *(
        element("A2", Kind.ENDPOINT, name, emulator=_HTTP + emulator, adapter=_VOICES + adapter)
        for name, emulator, adapter in (
            ("GET /voices/{voice_id}", "test_one_voice_and_several_are_read_by_id", "test_a_voice_is_known_alone"),
            ("PUT /voices/{voice_id}", "test_own_voice_is_updated_and_deleted", "test_an_own_voice_is_changed"),
            ("DELETE /voices/{voice_id}", "test_own_voice_is_updated_and_deleted", "test_an_own_voice_is_deleted"),
        )
    ),
    element(
        "A2",
        Kind.ENDPOINT,
        "POST /voices/batch",
        emulator=f"{_HTTP}test_one_voice_and_several_are_read_by_id",
        unasked="one voice is read, or the whole catalogue",
    ),
    *elements(
        "A2",
        Kind.FIELD,
        ("model_id", "transcript", "voice", "output_format", "language"),
        emulator=f"{_HTTP}test_wrong_request_is_refused",
        adapter=_SAID,
    ),
    *elements(
        "A2",
        Kind.FIELD,
        ("speed_control", "stability"),
        emulator=f"{_HTTP}test_settings_are_taken {_HTTP}test_wrong_request_is_refused",
        adapter=f"{_SAID} {_HTTP}test_settings_belong_to_the_model_that_has_them",
    ),
    element(
        "A2",
        Kind.FIELD,
        "container raw",
        emulator=f"{_HTTP}test_raw_samples_have_the_rate_and_encoding",
        adapter=_SPOKEN,
    ),
    element(
        "A2",
        Kind.FIELD,
        "container mp3, bit_rate",
        emulator=f"{_HTTP}test_mp3_has_the_bit_rate",
        mark="bit_rate",
        unasked=_PCM_ONLY,
    ),
    element("A2", Kind.FIELD, "container wav", emulator=f"{_HTTP}test_wav_says_its_length", unasked=_PCM_ONLY),
    element(
        "A2",
        Kind.FIELD,
        "encoding pcm_s16le",
        emulator=f"{_HTTP}test_raw_samples_have_the_rate_and_encoding {_HTTP}test_encoding_may_be_left_out",
        adapter=f"{_SPOKEN} {_SAID}",
    ),
    *(
        element(
            "A2",
            Kind.FIELD,
            f"encoding {name}",
            emulator=f"{_HTTP}test_raw_samples_have_the_rate_and_encoding",
            mark=mark,
            unasked=_PCM_ONLY,
        )
        for name, mark in (("pcm_f32le", "Encoding.F32LE"), ("pcm_mulaw", "Encoding.MULAW"))
    ),
    element(
        "A2",
        Kind.FIELD,
        "sample_rate",
        emulator=f"{_HTTP}test_raw_samples_have_the_rate_and_encoding {_HTTP}test_wrong_request_is_refused",
        adapter=_SPOKEN,
    ),
    element(
        "A2",
        Kind.RULE,
        "no limit of the transcript",
        emulator=f"{_SOCKET}test_closed_socket_stops_the_work",
        adapter=f"{_HTTP}test_no_text_is_cut",
    ),
    # docs/dev/protocols.md A3
    element(
        "A3",
        Kind.ENDPOINT,
        "GET /text_to_speech/websocket/ws",
        emulator=f"{_SOCKET}test_context_is_spoken_and_ends {_SOCKET}test_socket_is_no_page",
        adapter=f"{_SPOKEN} {_HTTP}test_a_warm_socket_serves_request_after_request",
    ),
    *(
        element("A3", Kind.FRAME, name, emulator=" ".join(emulator), adapter=adapter, unasked=unasked)
        for name, emulator, adapter, unasked in (
            (
                "init",
                (f"{_SOCKET}test_sound_has_the_format_of_the_first_frame", f"{_SOCKET}test_wrong_first_frame_ends_it"),
                f"{_SAID} {_HTTP}test_another_voice_or_format_takes_the_place_of_the_socket",
                "",
            ),
            (
                "text",
                (f"{_SOCKET}test_text_in_pieces_sounds_like_the_whole", f"{_SOCKET}test_sentence_needs_no_force"),
                f"{_HTTP}test_a_request_over_a_socket_is_a_context",
                "",
            ),
            (
                "text without a context",
                (f"{_SOCKET}test_context_without_an_id_is_the_default_one",),
                f"{_HTTP}test_an_idle_socket_is_kept_awake_without_a_sound",
                "",
            ),
            (
                "text with force, flush",
                (f"{_SOCKET}test_unfinished_sentence_waits_for_force",),
                f"{_HTTP}test_a_request_over_a_socket_is_a_context",
                "",
            ),
            (
                "keepalive",
                (f"{_SOCKET}test_keepalive_yields_nothing",),
                f"{_HTTP}test_an_idle_socket_is_kept_awake_without_a_sound",
                "",
            ),
            (
                "closeContext",
                (f"{_SOCKET}test_context_is_spoken_and_ends",),
                f"{_HTTP}test_a_request_over_a_socket_is_a_context",
                "",
            ),
            (
                "empty transcript ends a context",
                (f"{_SOCKET}test_context_is_spoken_and_ends",),
                f"{_ORDERS}test_a_context_is_closed_only_behind_its_end_mark",
                "",
            ),
            (
                "closeConnection, both forms",
                (f"{_SOCKET}test_client_ends_the_conversation",),
                "",
                "closing the socket ends it too",
            ),
            (
                "contexts at the same time",
                (f"{_SOCKET}test_contexts_speak_at_the_same_time",),
                "",
                "a request is one text, and sockets are pooled",
            ),
            (
                "audio",
                (f"{_SOCKET}test_context_is_spoken_and_ends", f"{_SOCKET}test_socket_speaks_mp3"),
                _SPOKEN,
                "",
            ),
            (
                "final",
                (f"{_SOCKET}test_context_is_spoken_and_ends",),
                f"{_HTTP}test_a_socket_that_ends_without_the_end_mark",
                "",
            ),
            (
                "frames without a context",
                (f"{_SOCKET}test_frames_may_lack_the_context",),
                f"{_HTTP}test_frames_need_not_name_their_context",
                "",
            ),
        )
    ),
    element(
        "A3",
        Kind.ERROR,
        "TIMEOUT after 60 s",
        emulator=f"{_SOCKET}test_silent_client_is_told_and_left",
        adapter=f"{_HTTP}test_a_socket_that_the_service_closed_is_not_reusable {MATRIX}",
    ),
    element(
        "A3",
        Kind.ERROR,
        "bad key at the upgrade",
        emulator=f"{_SOCKET}test_upgrade_is_refused",
        adapter=f"{_HTTP}test_a_bad_key_is_refused_and_never_shown {MATRIX}",
    ),
    element(
        "A3",
        Kind.ERROR,
        "bad key as a frame",
        emulator=f"{_SOCKET}test_bad_key_may_get_a_frame",
        adapter=f"{_HTTP}test_a_bad_key_is_refused_and_never_shown {MATRIX}",
    ),
    element(
        "A3",
        Kind.ERROR,
        "frame that makes no sense",
        emulator=f"{_SOCKET}test_message_that_makes_no_sense_ends_it",
        adapter=f"{_HTTP}test_a_frame_with_an_unknown_code",
    ),
    # docs/dev/protocols.md A3, what live clients saw and what follows from it
    *(
        element("A3", Kind.RULE, name, emulator=_SOCKET + emulator, adapter=_ORDERS + adapter)
        for name, emulator, adapter in (
            (
                "init_ack offers a context",
                "test_first_frame_is_acknowledged_with_a_context",
                "test_frames_in_the_context_that_was_offered_are_ours",
            ),
            (
                "no init_ack",
                "test_acknowledgement_may_be_missing",
                "test_a_service_that_offers_no_context_any_more_is_spoken_to_in_ours",
            ),
            (
                "only ids of the service speak",
                "test_only_the_context_of_the_service_may_speak",
                "test_a_text_that_ends_without_sound_is_said_once_more_in_the_context_of_the_service",
            ),
            (
                "an early close cuts or empties the sound",
                "test_closing_before_the_sound_is_complete",
                "test_a_context_is_closed_only_behind_its_end_mark",
            ),
            (
                "a close behind the final",
                "test_closing_behind_the_final_is_not_answered",
                "test_a_context_is_closed_only_behind_its_end_mark",
            ),
            (
                "a forced blank is an empty sound",
                "test_unfinished_sentence_waits_for_force",
                "test_a_context_is_closed_only_behind_its_end_mark",
            ),
            (
                "final only when the context is closed",
                "test_final_may_come_only_when_the_context_is_closed",
                "test_where_the_end_mark_does_not_come_by_itself_the_context_is_closed_for_it",
            ),
            (
                "gaps within an answer",
                "test_frames_may_come_with_pauses",
                "test_a_gap_of_a_second_does_not_close_a_context",
            ),
            (
                "one utterance a socket",
                "test_socket_may_close_behind_the_final",
                "test_a_request_that_meets_the_close_is_made_on_another_socket",
            ),
            (
                "no sound at all",
                "test_retired_model_is_final_without_sound",
                "test_a_text_that_makes_no_sound_at_all_is_broken",
            ),
        )
    ),
    element(
        "A3",
        Kind.RULE,
        "whatever made no sound goes to HTTP",
        emulator=f"{_SOCKET}test_only_the_context_of_the_service_may_speak",
        adapter="test_transports::test_a_text_that_no_context_speaks_is_heard_over_http "
        "test_transports::test_what_a_socket_cannot_say_is_heard_once_over_http",
    ),
    # docs/dev/protocols.md A4
    element(
        "A4",
        Kind.ERROR,
        "sentinel, split at each byte",
        emulator="test_core::test_sentinel_is_split_anywhere test_asyncflow::test_usage_ends_a_stream_with_the_sentinel",  # noqa: E501
        adapter=f"{_HTTP}test_the_sentinel_never_sounds {_HTTP}test_a_used_up_quota_ends_the_sound_with_an_error",
    ),
    element(
        "A4",
        Kind.ERROR,
        "sentinel on a WebSocket",
        emulator="test_core::test_socket_ends_in_other_ways",
        adapter=f"{_HTTP}test_the_sentinel_means_the_same_on_a_socket",
    ),
    *(
        element("A4", Kind.ERROR, code, emulator=_HTTP + test, adapter=_TABLE, mark=code)
        for code, test in (
            ("TOO_MANY_CONCURRENT_REQUESTS", "test_concurrency_is_limited"),
            ("RATE_LIMIT_EXCEEDED", "test_rate_is_limited"),
            ("USAGE_LIMIT_EXCEEDED", "test_usage_refuses_a_whole_file_that_goes_beyond"),
            ("INVALID_API_KEY", "test_headers_are_checked_everywhere"),
            ("VOICE_NOT_FOUND", "test_wrong_request_is_refused"),
            ("VERSION_NOT_FOUND", "test_headers_are_checked_everywhere"),
            ("INVALID_LANGUAGE", "test_wrong_request_is_refused"),
            ("FORMAT_NOT_RECOGNIZED", "test_wrong_request_is_refused"),
        )
    ),
    *(
        element("A4", Kind.ERROR, f"{code} as a frame", emulator=_SOCKET + test, adapter=_FRAMES, mark=code)
        for code, test in (
            ("TOO_MANY_CONCURRENT_REQUESTS", "test_concurrency_counts_contexts_that_speak"),
            ("RATE_LIMIT_EXCEEDED", "test_rate_counts_contexts"),
            ("USAGE_LIMIT_EXCEEDED", "test_usage_ends_the_sound_with_an_error"),
            ("INVALID_API_KEY", "test_bad_key_may_get_a_frame"),
            ("VOICE_NOT_FOUND", "test_wrong_first_frame_ends_it"),
            ("VERSION_NOT_FOUND", "test_wrong_version_may_get_a_frame"),
            ("INVALID_LANGUAGE", "test_wrong_first_frame_ends_it"),
            ("FORMAT_NOT_RECOGNIZED", "test_wrong_first_frame_ends_it"),
        )
    ),
    element(
        "A4",
        Kind.ERROR,
        "VOICE_FIELD_UPDATE_NOT_ALLOWED",
        emulator=f"{_HTTP}test_some_fields_can_not_be_updated",
        adapter=f"{_VOICES}test_a_field_that_can_not_be_changed_is_named",
    ),
    element(
        "A4",
        Kind.ERROR,
        "500, detail a text",
        emulator=f"{_HTTP}test_server_error_has_an_envelope_of_its_own",
        adapter=f"{_HTTP}test_envelopes_of_every_shape_are_read",
        mark="Error: Traceback #42",
    ),
    element(
        "A4",
        Kind.ERROR,
        "validation, detail an object or a list",
        emulator=f"{_HTTP}test_wrong_request_is_refused {_HTTP}test_validation_may_answer_with_a_list",
        adapter=f"{_HTTP}test_a_body_that_makes_no_sense_is_an_input",
    ),
    element(
        "A4",
        Kind.ERROR,
        "envelope without detail",
        emulator=f"{_SOCKET}test_silent_client_is_told_and_left",
        adapter=f"{_HTTP}test_envelopes_of_every_shape_are_read",
    ),
    # docs/dev/protocols.md A5
    element(
        "A5",
        Kind.RULE,
        "usage is told by the errors alone",
        emulator=f"{_HTTP}test_usage_is_the_seconds_of_audio",
        adapter=f"{_HTTP}test_an_error_of_the_table_before_the_answer",
    ),
    # docs/dev/protocols.md A7
    *(
        element("A7", Kind.RULE, name, emulator=_HTTP + emulator, adapter=_HTTP + adapter)
        for name, emulator, adapter in (
            ("cursor", "test_voices_are_listed_page_by_page", "test_all_pages_of_voices_are_read"),
            ("last cursor null", "test_last_cursor_may_be_null", "test_all_pages_of_voices_are_read"),
            ("comma lists", "test_voices_are_listed_page_by_page", "test_a_voice_is_told_in_our_words"),
            ("own voices", "test_voices_are_filtered", "test_all_pages_of_voices_are_read"),
        )
    ),
    *elements(
        "A7",
        Kind.FIELD,
        ("model_id", "language", "accent", "gender", "style", "my_voice"),
        emulator=f"{_HTTP}test_voices_are_filtered",
        unasked="the whole catalogue is read, and filtered here",
    ),
    # docs/dev/protocols.md A9
    *(
        element(
            "A9",
            Kind.RULE,
            model,
            emulator=f"{_HTTP}test_model_is_where_it_is_offered",
            adapter=f"{_HTTP}test_every_model_speaks_where_it_is_offered",
        )
        for model in ("async_flash_v1.0", "async_flash_v1.5", "async_pro_v1.0")
    ),
    *(
        element(
            "A9",
            Kind.RULE,
            model,
            emulator=f"{_HTTP}test_retired_model_is_refused {_SOCKET}test_retired_model_is_final_without_sound",
            adapter=f"{_ORDERS}test_a_retired_model_is_asked_for_and_its_refusal_is_about_it",
        )
        for model in ("asyncflow_v2.0", "asyncflow_multilingual_v1.0")
    ),
    # docs/dev/protocols.md A10
    element(
        "A10",
        Kind.RULE,
        "inline tags in the transcript",
        emulator="test_sound::test_speech_leaves_markup_out",
        adapter="test_inline::test_asyncflow_has_tags_of_its_own",
    ),
)
