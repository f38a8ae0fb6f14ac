"""Cloning, previews, dictionaries, timestamps: sections A6 to A8, B6, B7, and the clones of C1 and C2."""

from .element import Kind, element, elements

_ASYNC = "test_asyncflow_voices::"
_WORDS = "test_asyncflow_words::"
_FLOW = "test_flow_clones::"
_SDK = "test_sarvam_sdk::"
_DICTIONARIES = "test_sarvam_dictionaries::"
_SARVAM = "test_sarvam_cloning::"
_CLONES = "test_sarvam_clones::"
_SAVED_VOICES = "a clone is saved, so that its recording is sent once"

ELEMENTS = (
    element(
        "A6",
        Kind.ENDPOINT,
        "POST /text_to_speech/with_timestamps",
        emulator=f"{_ASYNC}test_words_are_told_with_the_sound {_ASYNC}test_real_speech_has_words_too",
        adapter=f"{_WORDS}test_words_come_with_the_sound",
    ),
    element(
        "A6",
        Kind.RULE,
        "models without times",
        emulator=f"{_ASYNC}test_some_models_have_no_times",
        adapter=f"{_WORDS}test_a_model_that_knows_no_times_is_replaced",
    ),
    element(
        "A7",
        Kind.ENDPOINT,
        "GET /voices/preview/{voice_id}",
        emulator=f"{_ASYNC}test_a_preview_plays_without_a_key {_ASYNC}test_a_preview_needs_a_key_and_no_version",
        adapter=f"{_ASYNC}test_a_sample_is_played_without_a_key",
    ),
    element(
        "A7",
        Kind.ENDPOINT,
        "GET /previews/{voice_id}.mp3",
        emulator=f"{_ASYNC}test_the_address_of_a_preview_expires test_flow::test_previews_of_the_backend_play",
        adapter=f"{_ASYNC}test_a_sample_is_played_without_a_key {_FLOW}test_a_sample_is_played_without_a_token",
    ),
    element(
        "A7",
        Kind.ERROR,
        "VOICE_PREVIEW_NOT_FOUND",
        emulator=f"{_ASYNC}test_a_voice_may_have_no_preview",
        adapter=f"{_ASYNC}test_a_voice_may_have_no_sample",
    ),
    # docs/dev/protocols.md A8
    element(
        "A8",
        Kind.ENDPOINT,
        "POST /voices/clone",
        emulator=f"{_ASYNC}test_a_recording_becomes_a_voice_that_is_listed",
        adapter=f"{_ASYNC}test_a_clone_is_in_the_catalogue_and_speaks",
    ),
    element(
        "A8",
        Kind.RULE,
        "the page of 2025",
        emulator=f"{_ASYNC}test_the_page_of_2025_wants_more",
        adapter=f"{_ASYNC}test_the_older_description_of_the_service_is_content_too",
    ),
    *elements(
        "A8",
        Kind.FIELD,
        ("language", "enhance", "description", "accent", "gender", "style"),
        emulator=f"{_ASYNC}test_a_recording_becomes_a_voice_that_is_listed {_ASYNC}test_what_is_told_about_a_voice_is_checked",  # noqa: E501
        adapter=f"{_ASYNC}test_all_that_was_said_of_a_voice_is_sent",
    ),
    *elements(
        "A8",
        Kind.ERROR,
        ("VOICE_CLONE_LIMIT_EXCEEDED", "SHORT_SPEECH_DURATION", "BAD_SPEECH_QUALITY", "FILE_TOO_LARGE"),
        emulator=f"{_ASYNC}test_a_recording_that_is_no_use_is_refused {_ASYNC}test_any_refusal_of_a_recording_can_be_had",  # noqa: E501
        adapter=f"{_ASYNC}test_a_code_of_the_table_has_a_reason",
    ),
    # docs/dev/protocols.md B6
    *(
        element("B6", Kind.ENDPOINT, name, emulator=f"{_SDK}test_life_of_a_dictionary", adapter=adapter)
        for name, adapter in (
            (
                "POST /text-to-speech/pronunciation-dictionary",
                f"{_DICTIONARIES}test_a_dictionary_is_sent_as_a_file",
            ),
            *(
                (name, f"{_DICTIONARIES}test_a_dictionary_is_made_read_extended_and_deleted")
                for name in (
                    "PUT /text-to-speech/pronunciation-dictionary",
                    "DELETE /text-to-speech/pronunciation-dictionary",
                    "GET /text-to-speech/pronunciation-dictionary/{dict_id}",
                )
            ),
        )
    ),
    *(
        element("B6", Kind.RULE, name, emulator=_SDK + emulator, adapter=_DICTIONARIES + adapter)
        for name, emulator, adapter in (
            (
                "ten dictionaries",
                "test_limits_of_dictionaries",
                "test_an_account_has_room_for_so_many_dictionaries",
            ),
            ("100 words", "test_limits_of_dictionaries", "test_a_dictionary_has_room_for_so_many_words"),
            ("1 MB", "test_bad_dictionary_file", "test_a_dictionary_may_be_so_large"),
            ("an unknown id", "test_unknown_dictionary", "test_a_dictionary_that_there_is_not"),
        )
    ),
    # docs/dev/protocols.md B7
    *(
        element("B7", Kind.ENDPOINT, name, emulator=_SARVAM + emulator, adapter=_CLONES + adapter)
        for name, emulator, adapter in (
            ("POST /voices/create", "test_life_of_a_voice", "test_a_clone_is_asked_for_in_a_form"),
            ("GET /voices", "test_voices_are_listed_newest_first", "test_all_pages_of_clones_are_read"),
            ("DELETE /voices/delete/{voice_id}", "test_life_of_a_voice", "test_a_clone_is_deleted"),
            (
                "POST /voices/clone/stream",
                "test_a_cloned_voice_speaks_until_it_is_deleted",
                "test_a_clone_speaks_over_every_transport_at_every_rate",
            ),
        )
    ),
    element(
        "B7",
        Kind.ENDPOINT,
        "GET /voices/clone/ws",
        emulator=f"{_SARVAM}test_a_cloned_voice_speaks_until_it_is_deleted {_SARVAM}test_socket_errors",
        unasked="clones speak over HTTP",
    ),
    element(
        "B7",
        Kind.ERROR,
        "TIER_LIMIT_REACHED",
        emulator=f"{_SARVAM}test_a_tier_has_room_for_so_many_voices",
        adapter=f"{_CLONES}test_a_tier_has_room_for_so_many_voices",
        mark="TIER_LIMIT",
    ),
    *elements(
        "B7",
        Kind.FIELD,
        ("ref_audio", "min_audio_duration", "max_audio_duration"),
        emulator=f"{_SARVAM}test_what_can_not_be_said_is_refused",
        unasked=_SAVED_VOICES,
    ),
    # docs/dev/protocols.md C1, C2
    element(
        "C1",
        Kind.ENDPOINT,
        "POST /api/voice/clone",
        emulator=f"{_FLOW}test_portal_cloning_has_the_shape_of_its_page "
        f"{_FLOW}test_backend_cloning_is_flat_and_tells_the_quota",
        adapter=f"{_FLOW}test_a_clone_speaks {_FLOW}test_a_clone_is_asked_for_as_both_contracts_want_it",
    ),
    *(
        element("C1", Kind.RULE, name, emulator=_FLOW + emulator, adapter=_FLOW + adapter)
        for name, emulator, adapter in (
            ("a clone costs ten points", "test_nine_points_are_too_few", "test_what_is_left_is_told"),
            ("fewer than ten points", "test_nine_points_are_too_few", "test_too_few_points_are_told_and_not_touched"),
            (
                "4 to 12 seconds",
                "test_portal_refuses_a_recording_that_is_no_use_and_charges_for_it",
                "test_a_recording_that_can_not_be_costs_nothing",
            ),
            ("no list", "test_portal_has_no_list_and_deletes_nothing", "test_the_portal_deletes_nothing"),
        )
    ),
    *elements(
        "C2",
        Kind.ERROR,
        ("missing_audio_data", "invalid_audio_duration", "invalid_audio_path"),
        emulator=f"{_FLOW}test_backend_errors_carry_the_quota_once_it_is_charged "
        f"{_FLOW}test_any_failure_can_be_had_and_costs_like_a_real_one",
        adapter=f"{_FLOW}test_a_refusal_has_a_reason",
    ),
    element(
        "C2",
        Kind.ENDPOINT,
        "DELETE /api/voice/{voice_id}",
        emulator=f"{_FLOW}test_backend_deletes_from_its_list_only",
        adapter=f"{_FLOW}test_a_clone_is_deleted",
    ),
    element(
        "C2",
        Kind.RULE,
        "a row that was not kept",
        emulator=f"{_FLOW}test_backend_may_forget_what_was_cloned",
        adapter=f"{_FLOW}test_a_clone_that_no_row_was_kept_of_is_one_all_the_same",
    ),
    element(
        "C4",
        Kind.ERROR,
        "LimitExceeded.VoiceCloneMaxNumLimit",
        emulator=f"{_FLOW}test_the_engine_has_room_for_so_many_voices",
        adapter=f"{_FLOW}test_the_engine_has_room_for_so_many_voices",
    ),
)
"""`POST /voices/clone` and `GET /voices/{voice_id}` are both AsyncFlow's and Sarvam's."""
