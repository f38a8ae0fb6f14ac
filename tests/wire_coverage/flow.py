"""Flow TTS: sections C1 to C4."""

from .element import MATRIX, Kind, element, elements

_FLOW = "test_flow::"
_ACCOUNTS = "test_flow_accounts::"
_FAILURES = "test_flow_failures::"
_SESSION = "test_flow_session::"
_CLONES = "test_flow_clones::"
_BACKEND = "test_flow_backend::"
_COSTS = f"{_FLOW}test_a_failure_of_the_service_costs_as_much_as_speech"
_SPOKEN = f"{_FLOW}test_every_sample_of_a_text_arrives"
_DIALECTS = f"{_FLOW}test_every_dialect_of_the_stream_is_understood"
_STATUS = f"{_FAILURES}test_every_status_has_its_meaning_and_its_price {MATRIX}"
_WHOLE = f"{_FLOW}test_portal_synthesis_has_the_shape_of_its_page"
_STREAM = f"{_FLOW}test_portal_stream_counts_its_chunks_and_ends_with_sound"

ELEMENTS = (
    # docs/dev/protocols.md C1
    element(
        "C1",
        Kind.RULE,
        "header Authorization",
        emulator=f"{_ACCOUNTS}test_who_has_no_good_token_is_told_why",
        adapter=f"{_SESSION}test_renewed_credentials_are_stored_before_they_are_used",
        mark="Authorization",
    ),
    element("C1", Kind.ENDPOINT, "POST /api/tts/synthesize", emulator=_WHOLE, adapter=_SPOKEN),
    element("C1", Kind.ENDPOINT, "POST /api/tts/synthesize-stream", emulator=_STREAM, adapter=_SPOKEN),
    element(
        "C1",
        Kind.ENDPOINT,
        "GET /api/tts/voices",
        emulator=f"{_FLOW}test_portal_lists_voices_for_everyone {_FLOW}test_backend_lists_voices_with_more_about_them",
        adapter=f"{_FLOW}test_the_catalogue_is_the_same_in_every_contract",
    ),
    *elements(
        "C1",
        Kind.FIELD,
        ("text", "ttsConfig", "TTSType", "VoiceId", "Model", "Speed", "Volume", "Pitch", "Language"),
        emulator=f"{_FLOW}test_portal_refuses_what_its_page_does_not_allow_and_charges_for_it "
        f"{_FLOW}test_portal_takes_what_its_page_allows",
        adapter=f"{_FLOW}test_one_body_speaks_to_both_contracts",
    ),
    element(
        "C1",
        Kind.RULE,
        "text limit",
        emulator=f"{_FLOW}test_texts_may_be_as_long_as_the_limit",
        adapter=f"{_FLOW}test_a_text_at_the_limit_is_spoken "
        f"{_FLOW}test_what_the_service_would_refuse_is_refused_without_spending",
        mark="5000",
    ),
    element(
        "C1",
        Kind.FIELD,
        "nested answer with format, sampleRate, duration",
        emulator=_WHOLE,
        adapter=f"{_FAILURES}test_bodies_are_read_by_what_is_in_them "
        f"{_FAILURES}test_a_body_that_is_not_what_was_asked_for_is_broken",
        mark="sampleRate",
    ),
    element("C1", Kind.EVENT, "audio, IsEnd with sound", emulator=_STREAM, adapter=_DIALECTS),
    element(
        "C1",
        Kind.EVENT,
        "pretty-printed",
        emulator=f"{_FLOW}test_events_may_be_written_in_other_ways",
        adapter=f"{_DIALECTS} test_sse::test_every_form_is_read_wherever_it_is_cut",
    ),
    element(
        "C1",
        Kind.RULE,
        "a request costs a point, a list none",
        emulator=f"{_FLOW}test_portal_lists_voices_for_everyone {_COSTS}",
        adapter=f"{_FLOW}test_a_request_costs_one_point {_FLOW}test_only_one_point_is_spent_for_a_text",
    ),
    *(
        element("C1", Kind.ERROR, code, emulator=_ACCOUNTS + test, adapter=_STATUS, mark=code)
        for code, test in (
            ("invalid_request", "test_failures_at_will_look_and_cost_like_real_ones"),
            ("unauthorized", "test_who_has_no_good_token_is_told_why"),
            ("quota_exceeded", "test_portal_says_when_the_points_come_back"),
            ("internal_error", "test_failures_at_will_look_and_cost_like_real_ones"),
        )
    ),
    element(
        "C1",
        Kind.RULE,
        "quota in the answer",
        emulator=_WHOLE,
        adapter=f"{_FLOW}test_only_one_point_is_spent_for_a_text",
    ),
    element(
        "C1",
        Kind.RULE,
        "429 with resetAt",
        emulator=f"{_ACCOUNTS}test_portal_says_when_the_points_come_back",
        adapter=f"{_FAILURES}test_the_portal_tells_when_points_come_back",
    ),
    element(
        "C1",
        Kind.RULE,
        "X-RateLimit headers",
        emulator=f"{_ACCOUNTS}test_every_answer_of_the_portal_tells_the_rate "
        f"{_ACCOUNTS}test_the_rate_limit_limits_and_costs_no_point",
        adapter=f"{_FAILURES}test_too_many_requests_are_not_taken_for_a_used_up_quota "
        f"{_FAILURES}test_a_rate_is_told_in_unix_seconds",
    ),
    # docs/dev/protocols.md C2
    element(
        "C2",
        Kind.FIELD,
        "flat body",
        emulator=f"{_FLOW}test_backend_answers_flat_in_the_form_that_is_asked",
        adapter=f"{_FLOW}test_one_body_speaks_to_both_contracts",
    ),
    element(
        "C2",
        Kind.FIELD,
        "emotion",
        emulator=f"{_FLOW}test_backend_speaks_with_emotion_where_the_model_can",
        adapter=f"{_FLOW}test_an_emotion_is_heard_where_the_model_has_it",
        mark="emotion",
    ),
    element(
        "C2",
        Kind.FIELD,
        "flat answer, headerless PCM",
        emulator=f"{_FLOW}test_backend_answers_flat_in_the_form_that_is_asked "
        f"{_FLOW}test_backend_of_june_ignores_what_came_later",
        adapter=f"{_SPOKEN} {_FAILURES}test_bodies_are_read_by_what_is_in_them",
    ),
    element(
        "C2",
        Kind.FIELD,
        "format mp3, opus; bitrate",
        emulator=f"{_FLOW}test_backend_formats_play",
        unasked="only one deployment has them; what is asked for is to be the same in all",
    ),
    element(
        "C2",
        Kind.RULE,
        "clamped silently",
        emulator=f"{_FLOW}test_backend_clamps_silently",
        adapter=f"{_FLOW}test_what_the_service_would_refuse_is_refused_without_spending",
    ),
    element(
        "C2",
        Kind.EVENT,
        "audio with RequestId, string ChunkId, Seq",
        emulator=f"{_FLOW}test_backend_stream_relays_the_engine_and_tells_the_quota",
        adapter=_DIALECTS,
    ),
    element(
        "C2",
        Kind.EVENT,
        "error in the middle",
        emulator=f"{_FLOW}test_an_error_in_the_middle_is_an_event_and_the_end",
        adapter=f"{_FAILURES}test_a_stream_that_goes_wrong_says_how {MATRIX}",
    ),
    element(
        "C2",
        Kind.EVENT,
        "no event and no end",
        emulator=f"{_FLOW}test_backend_stream_says_nothing_when_the_engine_refuses",
        adapter=f"{_FAILURES}test_a_stream_without_any_event_is_broken",
    ),
    element(
        "C2",
        Kind.EVENT,
        "quota behind the sound",
        emulator=f"{_FLOW}test_old_deployments_send_the_quota_behind_the_sound",
        adapter=f"{_FAILURES}test_a_quota_behind_the_sound_is_heard",
    ),
    *(
        element("C2", Kind.ERROR, code, emulator=_FLOW + test, adapter=f"{_STATUS} {extra}", mark=code)
        for code, test, extra in (
            (
                "missing_text",
                "test_backend_errors_carry_the_quota_and_cost_a_point",
                f"{_FAILURES}test_a_refused_setting_is_named",
            ),
            (
                "invalid_emotion",
                "test_backend_errors_carry_the_quota_and_cost_a_point",
                f"{_FAILURES}test_a_refused_setting_is_named",
            ),
            ("tts_failed", "test_a_failure_of_the_service_costs_as_much_as_speech", ""),
            ("tts_stream_failed", "test_a_failure_of_the_service_costs_as_much_as_speech", ""),
            ("not_found", "test_backend_of_june_ignores_what_came_later", ""),
        )
    ),
    *elements(
        "C2",
        Kind.ERROR,
        ("cors_error", "payload_too_large"),
        emulator=f"{_ACCOUNTS}test_errors_of_the_server_before_the_service_can_be_had",
        adapter=_STATUS,
    ),
    element(
        "C2",
        Kind.ERROR,
        "429 in words alone",
        emulator=f"{_ACCOUNTS}test_backend_only_says_that_there_are_too_few_points",
        adapter=f"{_FAILURES}test_the_backend_tells_in_words_what_is_left",
    ),
    element(
        "C2",
        Kind.RULE,
        "X-Quota headers",
        emulator=f"{_FLOW}test_backend_stream_relays_the_engine_and_tells_the_quota",
        adapter=f"{_FAILURES}test_the_backend_tells_what_is_left_in_the_headers "
        f"{_FAILURES}test_the_headers_of_a_charged_failure_are_heard",
    ),
    element(
        "C2",
        Kind.RULE,
        "no refund, reset at 00:00 UTC",
        emulator=f"{_COSTS} {_ACCOUNTS}test_points_come_back_at_midnight_utc",
        adapter=_STATUS,
    ),
    # docs/dev/protocols.md C2, the backend of today
    *(
        element("C2", Kind.RULE, name, emulator=emulator, adapter=adapter)
        for name, emulator, adapter in (
            (
                "X-Quota-Cost tells the price",
                f"{_FLOW}test_the_headers_tell_the_price",
                (
                    f"{_BACKEND}test_the_price_is_learned_from_the_first_answer "
                    f"{_BACKEND}test_a_failure_is_charged_at_the_price_that_it_tells"
                ),
            ),
            (
                "no headers: the price is the difference of two reports",
                f"{_FLOW}test_the_headers_tell_the_price {_FLOW}test_bodies_may_not_tell_the_quota",
                (
                    f"{_BACKEND}test_the_price_is_learned_from_two_reports "
                    f"{_BACKEND}test_only_a_stream_that_does_not_tell_what_is_left_calls_for_a_body"
                ),
            ),
            (
                "a pool that is never renewed",
                f"{_ACCOUNTS}test_a_pool_outlives_midnight",
                (
                    "test_quota::test_a_pool_that_is_never_renewed_is_recognized "
                    "test_flow_today::test_a_pool_that_outlives_midnight_is_shown_as_one"
                ),
            ),
            (
                "credits in the words of a 429",
                f"{_ACCOUNTS}test_backend_only_says_that_there_are_too_few_points",
                f"{_BACKEND}test_too_few_credits_are_a_used_up_quota",
            ),
            (
                "only email accounts",
                f"{_ACCOUNTS}test_only_email_accounts_are_served",
                f"{_BACKEND}test_an_account_without_email_is_told_so_and_not_renewed",
            ),
            (
                "models and languages by entry",
                f"{_FLOW}test_library_of_today_tells_models_and_languages",
                f"{_BACKEND}test_voices_speak_the_languages_and_models_of_their_entries",
            ),
            (
                "languageMap, languageMaps",
                f"{_FLOW}test_library_of_today_tells_models_and_languages",
                f"{_BACKEND}test_the_maps_of_languages_add_what_no_document_says",
            ),
            (
                "any language is passed on",
                f"{_FLOW}test_languages_go_by_the_model_of_the_voice",
                f"{_BACKEND}test_a_portuguese_voice_is_asked_for_in_portuguese",
            ),
            (
                "clones of 6 to 180 s, audioDuration required",
                f"{_CLONES}test_a_minute_can_be_cloned {_CLONES}test_backend_errors_carry_the_quota_once_it_is_charged",
                (
                    f"{_BACKEND}test_a_minute_can_be_cloned_where_the_backend_is_known "
                    f"{_BACKEND}test_a_length_that_is_refused_is_charged_only_by_who_says_so"
                ),
            ),
            (
                "bodies of 4.3 MB",
                f"{_CLONES}test_a_minute_can_be_cloned",
                f"{_BACKEND}test_what_does_not_fit_into_a_body_is_not_sent",
            ),
        )
    ),
    element(
        "C2",
        Kind.RULE,
        "hearing a clone is cheaper",
        emulator=f"{_FLOW}test_hearing_a_clone_is_cheaper",
        unasked="what a voice says here is no trial of it",
    ),
    *(
        element("C2", Kind.ENDPOINT, name, emulator=emulator, adapter=adapter)
        for name, emulator, adapter in (
            (
                "GET /api/user/quota",
                f"{_ACCOUNTS}test_backend_tells_the_quota_to_who_asks",
                f"{_FAILURES}test_the_quota_can_be_asked_where_the_deployment_has_it",
            ),
            (
                "GET /api/voice/list",
                f"{_ACCOUNTS}test_free_calls_of_the_backend_want_a_token",
                f"{_FLOW}test_own_voices_come_first {_SESSION}test_a_token_is_tried_for_free",
            ),
            ("GET /health", f"{_FLOW}test_health_needs_no_token", f"{_FLOW}test_a_connection_is_opened_ahead_for_free"),
            (
                "GET /api/config",
                f"{_FLOW}test_backend_says_where_to_sign_in",
                f"{_SESSION}test_the_public_key_is_told_where_the_service_tells_it",
            ),
        )
    ),
    # docs/dev/protocols.md C3
    element(
        "C3",
        Kind.ENDPOINT,
        "POST /auth/v1/token",
        emulator=f"{_ACCOUNTS}test_a_password_gives_a_session {_ACCOUNTS}test_refresh_tokens_rotate",
        adapter=f"{_SESSION}test_it_speaks_for_hours {MATRIX}",
    ),
    element(
        "C3",
        Kind.ENDPOINT,
        "POST /auth/v1/logout",
        emulator=f"{_ACCOUNTS}test_logging_out_ends_all_sessions_of_the_user",
        unasked="the person signs out, in the portal",
    ),
    *(
        element("C3", Kind.RULE, name, emulator=_ACCOUNTS + emulator, adapter=_SESSION + adapter)
        for name, emulator, adapter in (
            (
                "a token lives an hour",
                "test_access_tokens_live_an_hour_of_the_emulators_clock",
                "test_a_token_is_renewed_before_it_ends",
            ),
            (
                "a refresh token is used once",
                "test_a_refresh_token_that_is_used_again_later_costs_the_session",
                "test_a_refresh_token_that_two_share_is_lost",
            ),
            (
                "ten seconds of reuse",
                "test_a_refresh_token_may_be_used_again_within_ten_seconds",
                "test_an_answer_that_was_lost_is_asked_for_again",
            ),
            ("refreshes that race", "test_refreshes_that_race_get_the_same_successor", "test_renewals_do_not_race"),
            (
                "public key",
                "test_the_sign_in_service_wants_its_public_key",
                "test_a_wrong_public_key_is_a_matter_of_signing_in",
            ),
            (
                "ended sessions are refused",
                "test_logging_out_ends_all_sessions_of_the_user",
                "test_who_signed_out_has_to_sign_in_again",
            ),
        )
    ),
    *elements(
        "C3",
        Kind.ERROR,
        ("refresh_token_not_found", "refresh_token_already_used"),
        emulator=f"{_ACCOUNTS}test_wrong_grants_are_refused_in_both_shapes "
        f"{_ACCOUNTS}test_a_refresh_token_that_is_used_again_later_costs_the_session",
        adapter=f"{_SESSION}test_who_signed_out_has_to_sign_in_again "
        f"{_SESSION}test_a_refresh_token_that_two_share_is_lost",
    ),
    element(
        "C3",
        Kind.ERROR,
        "older shape of refusals",
        emulator=f"{_ACCOUNTS}test_wrong_grants_are_refused_in_both_shapes",
        adapter=f"{_SESSION}test_who_signed_out_has_to_sign_in_again",
        mark="invalid_grant",
    ),
    # docs/dev/protocols.md C4
    element(
        "C4",
        Kind.EVENT,
        "chunk",
        emulator=f"{_FLOW}test_events_of_the_engine_dialect",
        adapter=_DIALECTS,
    ),
    *(
        element("C4", Kind.EVENT, name, emulator=f"{_FLOW}test_streams_may_end_in_other_ways", adapter=_DIALECTS)
        for name in ("empty chunk with IsEnd", "end")
    ),
    element(
        "C4",
        Kind.EVENT,
        "error",
        emulator=f"{_FLOW}test_the_engine_dialect_has_an_error_event_of_its_own",
        adapter=f"{_FAILURES}test_a_stream_that_goes_wrong_says_how {MATRIX}",
        mark="InternalError",
    ),
    element(
        "C4",
        Kind.EVENT,
        "base64 cut anywhere",
        emulator=f"{_FLOW}test_base64_may_be_cut_anywhere",
        adapter=f"{_FAILURES}test_base64_that_is_cut_anywhere_is_joined",
    ),
    element(
        "C4",
        Kind.EVENT,
        "comments",
        emulator=f"{_FLOW}test_events_may_be_written_in_other_ways",
        adapter=_DIALECTS,
        mark="comments",
    ),
    element(
        "C4",
        Kind.RULE,
        "WAV header in a stream",
        emulator=f"{_FLOW}test_the_sound_of_a_stream_may_begin_with_a_header",
        adapter=_DIALECTS,
    ),
    element(
        "C4",
        Kind.ERROR,
        "InvalidParameter.VoiceId",
        emulator=f"{_FLOW}test_backend_errors_carry_the_quota_and_cost_a_point",
        adapter=f"{_FAILURES}test_an_unknown_voice_is_told_apart {_FAILURES}test_a_stream_that_goes_wrong_says_how",
    ),
)
