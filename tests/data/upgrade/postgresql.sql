SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.papers_fulltext_keep() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            TRUNCATE papers_fulltext, papers_fulltext_titles;
        ELSIF TG_OP = 'DELETE' THEN
            DELETE FROM papers_fulltext WHERE paper_id = old.id;
            DELETE FROM papers_fulltext_titles WHERE paper_id = old.id;
        ELSE
            PERFORM papers_fulltext_put(new);
        END IF;
        RETURN NULL;
    END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.papers_paper (
    id bigint NOT NULL,
    identifier character varying(80) NOT NULL,
    title character varying(500) NOT NULL,
    abstract text NOT NULL,
    summary text NOT NULL,
    authors jsonb NOT NULL,
    organization character varying(200) NOT NULL,
    categories jsonb NOT NULL,
    keywords jsonb NOT NULL,
    published_on date,
    code_url character varying(500) NOT NULL,
    project_url character varying(500) NOT NULL,
    thumbnail_url character varying(500) NOT NULL,
    upvotes integer,
    comments integer,
    stars integer,
    trending_score double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reader_upvotes integer DEFAULT 0 NOT NULL,
    CONSTRAINT papers_paper_comments_check CHECK ((comments >= 0)),
    CONSTRAINT papers_paper_reader_upvotes_check CHECK ((reader_upvotes >= 0)),
    CONSTRAINT papers_paper_stars_check CHECK ((stars >= 0)),
    CONSTRAINT papers_paper_upvotes_check CHECK ((upvotes >= 0))
);
CREATE FUNCTION public.papers_fulltext_put(paper public.papers_paper) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
    DECLARE found tsvector := papers_fulltext_vector(paper.title);
    BEGIN
        INSERT INTO papers_fulltext_titles VALUES (paper.id, found)
        ON CONFLICT (paper_id) DO UPDATE SET title = excluded.title;
        INSERT INTO papers_fulltext VALUES (
            paper.id,
            setweight(found, 'A') || setweight(papers_fulltext_vector(concat_ws(' , ', CASE jsonb_typeof(paper.authors) WHEN 'array' THEN (SELECT string_agg(name, ' , ') FROM jsonb_array_elements_text(paper.authors) AS name) END, paper.organization, paper.identifier)), 'B')
            || papers_fulltext_vector(concat_ws(' , ', paper.abstract, nullif(paper.summary, paper.abstract))))
        ON CONFLICT (paper_id) DO UPDATE SET words = excluded.words;
    END $$;
CREATE FUNCTION public.papers_fulltext_vector(text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO '$user', 'public'
    AS $_$ SELECT to_tsvector('papers_english', translate(lower(CASE WHEN cut ~ '[^\x01-\x7f]' THEN replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(regexp_replace(normalize(regexp_replace(normalize(cut, NFD), '[\u0300-\u036f]+', '', 'g'), NFC), '[\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u2190-\u2bff\u3000-\u303f\uff00-\uff0f]+', ' ', 'g'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ı', 'i'), 'I', 'i'), 'ß', 'ss'), 'æ', 'ae'), 'Æ', 'ae'), 'œ', 'oe'), 'Œ', 'oe') ELSE cut END), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32))) FROM (SELECT left($1, 50000) AS cut) AS texts $_$;
CREATE TEXT SEARCH DICTIONARY public.papers_english (
    TEMPLATE = pg_catalog.snowball,
    language = 'english' );
CREATE TEXT SEARCH CONFIGURATION public.papers_english (
    PARSER = pg_catalog."default" );
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR asciiword WITH public.papers_english;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR word WITH public.papers_english;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR numword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR email WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR url WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR host WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR sfloat WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR version WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR hword_numpart WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR hword_part WITH public.papers_english;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR hword_asciipart WITH public.papers_english;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR numhword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR asciihword WITH public.papers_english;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR hword WITH public.papers_english;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR url_path WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR file WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR "float" WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR "int" WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.papers_english
    ADD MAPPING FOR uint WITH simple;
CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);
ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);
ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);
ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_user (
    id integer NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    username character varying(150) NOT NULL,
    first_name character varying(150) NOT NULL,
    last_name character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    is_staff boolean NOT NULL,
    is_active boolean NOT NULL,
    date_joined timestamp with time zone NOT NULL
);
CREATE TABLE public.auth_user_groups (
    id bigint NOT NULL,
    user_id integer NOT NULL,
    group_id integer NOT NULL
);
ALTER TABLE public.auth_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE public.auth_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_user_user_permissions (
    id bigint NOT NULL,
    user_id integer NOT NULL,
    permission_id integer NOT NULL
);
ALTER TABLE public.auth_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.axes_accessattempt (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    get_data text NOT NULL,
    post_data text NOT NULL,
    failures_since_start integer NOT NULL,
    CONSTRAINT axes_accessattempt_failures_since_start_check CHECK ((failures_since_start >= 0))
);
ALTER TABLE public.axes_accessattempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessattempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.axes_accessattemptexpiration (
    access_attempt_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.axes_accessfailurelog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    locked_out boolean NOT NULL
);
ALTER TABLE public.axes_accessfailurelog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessfailurelog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.axes_accesslog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    logout_time timestamp with time zone,
    session_hash character varying(64) NOT NULL
);
ALTER TABLE public.axes_accesslog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accesslog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id integer NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);
ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE public.newsletter_delivery (
    id bigint NOT NULL,
    state character varying(7) NOT NULL,
    reason character varying(300) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    deadline timestamp with time zone NOT NULL,
    not_before timestamp with time zone NOT NULL,
    attempts smallint NOT NULL,
    claim character varying(64) NOT NULL,
    lease_until timestamp with time zone,
    choices jsonb NOT NULL,
    provider_id character varying(200) NOT NULL,
    sent_at timestamp with time zone,
    delivered_at timestamp with time zone,
    bounced_at timestamp with time zone,
    complained_at timestamp with time zone,
    opened_at timestamp with time zone,
    clicked_at timestamp with time zone,
    subscriber_id bigint,
    issue_id bigint NOT NULL,
    bounce character varying(7) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT newsletter_delivery_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE public.newsletter_delivery ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.newsletter_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.newsletter_event (
    id bigint NOT NULL,
    provider character varying(40) NOT NULL,
    event_id character varying(200) NOT NULL,
    kind character varying(20) NOT NULL,
    reject_reason character varying(20) NOT NULL,
    description character varying(300) NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    delivery_id bigint,
    address_hash character varying(32) DEFAULT ''::character varying NOT NULL,
    by_machine boolean DEFAULT false NOT NULL,
    processed_at timestamp with time zone,
    severity character varying(7) DEFAULT ''::character varying NOT NULL
);
ALTER TABLE public.newsletter_event ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.newsletter_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.newsletter_issue (
    id bigint NOT NULL,
    day date NOT NULL,
    state character varying(7) NOT NULL,
    state_reason character varying(200) NOT NULL,
    note text NOT NULL,
    frozen_at timestamp with time zone NOT NULL,
    warning character varying(300) DEFAULT ''::character varying NOT NULL
);
ALTER TABLE public.newsletter_issue ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.newsletter_issue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.newsletter_issuepaper (
    id bigint NOT NULL,
    rank smallint NOT NULL,
    score double precision NOT NULL,
    card jsonb NOT NULL,
    topics jsonb NOT NULL,
    issue_id bigint NOT NULL,
    paper_id bigint NOT NULL,
    CONSTRAINT newsletter_issuepaper_rank_check CHECK ((rank >= 0))
);
ALTER TABLE public.newsletter_issuepaper ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.newsletter_issuepaper_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.newsletter_ratebucket (
    name character varying(100) NOT NULL,
    free_at timestamp with time zone NOT NULL,
    day date NOT NULL,
    used integer NOT NULL,
    CONSTRAINT newsletter_ratebucket_used_check CHECK ((used >= 0))
);
CREATE TABLE public.papers_feature (
    id bigint NOT NULL,
    day date NOT NULL,
    submitted_by character varying(120) NOT NULL,
    submitted_at timestamp with time zone,
    paper_id bigint NOT NULL,
    source_id bigint NOT NULL
);
ALTER TABLE public.papers_feature ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_feature_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_fittedmodel (
    id bigint NOT NULL,
    version character varying(40) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    fitted_on integer NOT NULL,
    dimensions smallint NOT NULL,
    data bytea NOT NULL,
    encoder character varying(16) DEFAULT ''::character varying NOT NULL,
    view bytea,
    CONSTRAINT papers_fittedmodel_dimensions_check CHECK ((dimensions >= 0)),
    CONSTRAINT papers_fittedmodel_fitted_on_check CHECK ((fitted_on >= 0))
);
ALTER TABLE public.papers_fittedmodel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_fittedmodel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_fulltext (
    paper_id bigint NOT NULL,
    words tsvector NOT NULL
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY public.papers_fulltext ALTER COLUMN words SET STORAGE EXTERNAL;
COMMENT ON TABLE public.papers_fulltext IS 'aaafd115a220d293';
CREATE TABLE public.papers_fulltext_titles (
    paper_id bigint NOT NULL,
    title tsvector NOT NULL
);
CREATE TABLE public.papers_match (
    id bigint NOT NULL,
    score double precision NOT NULL,
    is_sendable boolean NOT NULL,
    evidence jsonb NOT NULL,
    verdict character varying(6) NOT NULL,
    paper_id bigint NOT NULL,
    topic_id bigint NOT NULL
);
ALTER TABLE public.papers_match ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_match_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_observation (
    id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    upvotes integer,
    comments integer,
    stars integer,
    paper_id bigint NOT NULL,
    source_id bigint NOT NULL,
    CONSTRAINT papers_observation_comments_check CHECK ((comments >= 0)),
    CONSTRAINT papers_observation_stars_check CHECK ((stars >= 0)),
    CONSTRAINT papers_observation_upvotes_check CHECK ((upvotes >= 0))
);
ALTER TABLE public.papers_observation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_observation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE public.papers_paper ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_paper_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_papervector (
    id bigint NOT NULL,
    text_hash character varying(16) NOT NULL,
    vector bytea NOT NULL,
    fitted_id bigint NOT NULL,
    paper_id bigint NOT NULL
);
ALTER TABLE public.papers_papervector ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_papervector_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_pick (
    id bigint NOT NULL,
    day date NOT NULL,
    kind character varying(4) NOT NULL,
    note character varying(300) NOT NULL,
    "position" smallint NOT NULL,
    created_by_id integer,
    paper_id bigint NOT NULL,
    CONSTRAINT papers_pick_position_check CHECK (("position" >= 0))
);
ALTER TABLE public.papers_pick ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_pick_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_source (
    id bigint NOT NULL,
    kind character varying(20) NOT NULL,
    slug character varying(50) NOT NULL,
    name character varying(80) NOT NULL,
    is_active boolean NOT NULL,
    last_fetched_at timestamp with time zone,
    last_error character varying(300) NOT NULL
);
ALTER TABLE public.papers_source ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_stamp (
    id bigint NOT NULL,
    value character varying(32) NOT NULL
);
ALTER TABLE public.papers_stamp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_stamp_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_thumbnail (
    id bigint NOT NULL,
    source_url character varying(500) NOT NULL,
    image bytea,
    small bytea,
    digest character varying(8) NOT NULL,
    width smallint,
    height smallint,
    fetched_at timestamp with time zone,
    failed smallint NOT NULL,
    next_try_at timestamp with time zone,
    reason character varying(300) NOT NULL,
    paper_id bigint NOT NULL,
    CONSTRAINT papers_thumbnail_failed_check CHECK ((failed >= 0)),
    CONSTRAINT papers_thumbnail_height_check CHECK ((height >= 0)),
    CONSTRAINT papers_thumbnail_width_check CHECK ((width >= 0))
);
ALTER TABLE public.papers_thumbnail ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_thumbnail_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.papers_topic (
    id bigint NOT NULL,
    slug character varying(50) NOT NULL,
    name character varying(80) NOT NULL,
    "group" character varying(60) NOT NULL,
    description text NOT NULL,
    keywords jsonb NOT NULL,
    categories jsonb NOT NULL,
    "position" integer NOT NULL,
    is_active boolean NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT papers_topic_position_check CHECK (("position" >= 0))
);
ALTER TABLE public.papers_topic ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.papers_topic_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_addresschange (
    id bigint NOT NULL,
    new_email character varying(254) NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    old_confirmed_at timestamp with time zone,
    new_confirmed_at timestamp with time zone,
    is_cancelled boolean NOT NULL,
    subscriber_id bigint NOT NULL
);
ALTER TABLE public.subscriptions_addresschange ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_addresschange_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_consent (
    id bigint NOT NULL,
    action character varying(9) NOT NULL,
    at timestamp with time zone NOT NULL,
    wording character varying(300) NOT NULL,
    subscriber_id bigint NOT NULL
);
ALTER TABLE public.subscriptions_consent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_consent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_feedback (
    id bigint NOT NULL,
    value smallint NOT NULL,
    at timestamp with time zone NOT NULL,
    paper_id bigint NOT NULL,
    subscriber_id bigint NOT NULL
);
ALTER TABLE public.subscriptions_feedback ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_feedback_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_submission (
    id bigint NOT NULL,
    identifier character varying(80) NOT NULL,
    state character varying(8) NOT NULL,
    title character varying(500) NOT NULL,
    facts jsonb NOT NULL,
    name character varying(60) NOT NULL,
    reason character varying(300) NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    check_after timestamp with time zone NOT NULL,
    attempts smallint NOT NULL,
    decided_at timestamp with time zone,
    paper_id bigint,
    subscriber_id bigint,
    CONSTRAINT subscriptions_submission_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE public.subscriptions_submission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_submission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_subscriber (
    id bigint NOT NULL,
    email character varying(254) NOT NULL,
    status character varying(10) NOT NULL,
    rhythm character varying(8) NOT NULL,
    weekday smallint NOT NULL,
    hour smallint NOT NULL,
    timezone character varying(64) NOT NULL,
    papers_wanted smallint NOT NULL,
    text_only boolean NOT NULL,
    learns boolean NOT NULL,
    language character varying(10) NOT NULL,
    paused_until date,
    next_digest_at timestamp with time zone,
    link_version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    left_at timestamp with time zone,
    asked_to_confirm_at timestamp with time zone,
    receives_by character varying(4) DEFAULT 'mail'::character varying NOT NULL,
    bounces_count_after timestamp with time zone,
    pause_reason character varying(200) DEFAULT ''::character varying NOT NULL,
    groups_by_topic boolean DEFAULT false NOT NULL,
    welcomed_on date,
    CONSTRAINT subscriber_hour CHECK ((hour <= 23)),
    CONSTRAINT subscriber_weekday CHECK ((weekday <= 6)),
    CONSTRAINT subscriptions_subscriber_hour_check CHECK ((hour >= 0)),
    CONSTRAINT subscriptions_subscriber_link_version_check CHECK ((link_version >= 0)),
    CONSTRAINT subscriptions_subscriber_papers_wanted_check CHECK ((papers_wanted >= 0)),
    CONSTRAINT subscriptions_subscriber_weekday_check CHECK ((weekday >= 0))
);
ALTER TABLE public.subscriptions_subscriber ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_subscriber_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_subscription (
    id bigint NOT NULL,
    subscriber_id bigint NOT NULL,
    topic_id bigint NOT NULL
);
ALTER TABLE public.subscriptions_subscription ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_subscription_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.subscriptions_suppression (
    address_hash character varying(32) NOT NULL,
    reason character varying(9) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.subscriptions_upvote (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    paper_id bigint NOT NULL,
    subscriber_id bigint NOT NULL
);
ALTER TABLE public.subscriptions_upvote ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscriptions_upvote_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.django_content_type VALUES (1, 'admin', 'logentry');
INSERT INTO public.django_content_type VALUES (2, 'auth', 'permission');
INSERT INTO public.django_content_type VALUES (3, 'auth', 'group');
INSERT INTO public.django_content_type VALUES (4, 'auth', 'user');
INSERT INTO public.django_content_type VALUES (5, 'contenttypes', 'contenttype');
INSERT INTO public.django_content_type VALUES (6, 'sessions', 'session');
INSERT INTO public.django_content_type VALUES (7, 'axes', 'accessattempt');
INSERT INTO public.django_content_type VALUES (8, 'axes', 'accesslog');
INSERT INTO public.django_content_type VALUES (9, 'axes', 'accessfailurelog');
INSERT INTO public.django_content_type VALUES (10, 'axes', 'accessattemptexpiration');
INSERT INTO public.django_content_type VALUES (11, 'papers', 'paper');
INSERT INTO public.django_content_type VALUES (12, 'papers', 'source');
INSERT INTO public.django_content_type VALUES (13, 'papers', 'topic');
INSERT INTO public.django_content_type VALUES (14, 'papers', 'pick');
INSERT INTO public.django_content_type VALUES (15, 'papers', 'observation');
INSERT INTO public.django_content_type VALUES (16, 'papers', 'feature');
INSERT INTO public.django_content_type VALUES (17, 'papers', 'match');
INSERT INTO public.django_content_type VALUES (18, 'papers', 'fittedmodel');
INSERT INTO public.django_content_type VALUES (19, 'papers', 'papervector');
INSERT INTO public.django_content_type VALUES (20, 'papers', 'stamp');
INSERT INTO public.django_content_type VALUES (21, 'papers', 'thumbnail');
INSERT INTO public.django_content_type VALUES (22, 'subscriptions', 'subscriber');
INSERT INTO public.django_content_type VALUES (23, 'subscriptions', 'suppression');
INSERT INTO public.django_content_type VALUES (24, 'subscriptions', 'consent');
INSERT INTO public.django_content_type VALUES (25, 'subscriptions', 'subscription');
INSERT INTO public.django_content_type VALUES (26, 'subscriptions', 'feedback');
INSERT INTO public.django_content_type VALUES (27, 'subscriptions', 'addresschange');
INSERT INTO public.django_content_type VALUES (28, 'subscriptions', 'submission');
INSERT INTO public.django_content_type VALUES (29, 'subscriptions', 'upvote');
INSERT INTO public.django_content_type VALUES (30, 'newsletter', 'issue');
INSERT INTO public.django_content_type VALUES (31, 'newsletter', 'ratebucket');
INSERT INTO public.django_content_type VALUES (32, 'newsletter', 'delivery');
INSERT INTO public.django_content_type VALUES (33, 'newsletter', 'issuepaper');
INSERT INTO public.django_content_type VALUES (34, 'newsletter', 'event');
INSERT INTO public.django_migrations VALUES (1, 'contenttypes', '0001_initial', '2026-11-29 06:19:29.906941+00');
INSERT INTO public.django_migrations VALUES (2, 'auth', '0001_initial', '2026-11-29 06:19:30.008457+00');
INSERT INTO public.django_migrations VALUES (3, 'admin', '0001_initial', '2026-11-29 06:19:30.04485+00');
INSERT INTO public.django_migrations VALUES (4, 'admin', '0002_logentry_remove_auto_add', '2026-11-29 06:19:30.060354+00');
INSERT INTO public.django_migrations VALUES (5, 'admin', '0003_logentry_add_action_flag_choices', '2026-11-29 06:19:30.083951+00');
INSERT INTO public.django_migrations VALUES (6, 'contenttypes', '0002_remove_content_type_name', '2026-11-29 06:19:30.118461+00');
INSERT INTO public.django_migrations VALUES (7, 'auth', '0002_alter_permission_name_max_length', '2026-11-29 06:19:30.137387+00');
INSERT INTO public.django_migrations VALUES (8, 'auth', '0003_alter_user_email_max_length', '2026-11-29 06:19:30.15823+00');
INSERT INTO public.django_migrations VALUES (9, 'auth', '0004_alter_user_username_opts', '2026-11-29 06:19:30.177107+00');
INSERT INTO public.django_migrations VALUES (10, 'auth', '0005_alter_user_last_login_null', '2026-11-29 06:19:30.195596+00');
INSERT INTO public.django_migrations VALUES (11, 'auth', '0006_require_contenttypes_0002', '2026-11-29 06:19:30.19898+00');
INSERT INTO public.django_migrations VALUES (12, 'auth', '0007_alter_validators_add_error_messages', '2026-11-29 06:19:30.216279+00');
INSERT INTO public.django_migrations VALUES (13, 'auth', '0008_alter_user_username_max_length', '2026-11-29 06:19:30.250792+00');
INSERT INTO public.django_migrations VALUES (14, 'auth', '0009_alter_user_last_name_max_length', '2026-11-29 06:19:30.278783+00');
INSERT INTO public.django_migrations VALUES (15, 'auth', '0010_alter_group_name_max_length', '2026-11-29 06:19:30.300883+00');
INSERT INTO public.django_migrations VALUES (16, 'auth', '0011_update_proxy_permissions', '2026-11-29 06:19:30.313686+00');
INSERT INTO public.django_migrations VALUES (17, 'auth', '0012_alter_user_first_name_max_length', '2026-11-29 06:19:30.329823+00');
INSERT INTO public.django_migrations VALUES (18, 'axes', '0001_initial', '2026-11-29 06:19:30.353934+00');
INSERT INTO public.django_migrations VALUES (19, 'axes', '0002_auto_20151217_2044', '2026-11-29 06:19:30.425707+00');
INSERT INTO public.django_migrations VALUES (20, 'axes', '0003_auto_20160322_0929', '2026-11-29 06:19:30.453319+00');
INSERT INTO public.django_migrations VALUES (21, 'axes', '0004_auto_20181024_1538', '2026-11-29 06:19:30.478348+00');
INSERT INTO public.django_migrations VALUES (22, 'axes', '0005_remove_accessattempt_trusted', '2026-11-29 06:19:30.488326+00');
INSERT INTO public.django_migrations VALUES (23, 'axes', '0006_remove_accesslog_trusted', '2026-11-29 06:19:30.497027+00');
INSERT INTO public.django_migrations VALUES (24, 'axes', '0007_alter_accessattempt_unique_together', '2026-11-29 06:19:30.527603+00');
INSERT INTO public.django_migrations VALUES (25, 'axes', '0008_accessfailurelog', '2026-11-29 06:19:30.552394+00');
INSERT INTO public.django_migrations VALUES (26, 'axes', '0009_add_session_hash', '2026-11-29 06:19:30.564076+00');
INSERT INTO public.django_migrations VALUES (27, 'axes', '0010_accessattemptexpiration', '2026-11-29 06:19:30.580245+00');
INSERT INTO public.django_migrations VALUES (28, 'papers', '0001_initial', '2026-11-29 06:19:30.953187+00');
INSERT INTO public.django_migrations VALUES (29, 'subscriptions', '0001_initial', '2026-11-29 06:19:31.220412+00');
INSERT INTO public.django_migrations VALUES (30, 'subscriptions', '0002_feed_and_address_change', '2026-11-29 06:19:31.293076+00');
INSERT INTO public.django_migrations VALUES (31, 'subscriptions', '0003_pauses_for_bounces', '2026-11-29 06:19:31.347334+00');
INSERT INTO public.django_migrations VALUES (32, 'newsletter', '0001_initial', '2026-11-29 06:19:31.677848+00');
INSERT INTO public.django_migrations VALUES (33, 'newsletter', '0002_deliveries_into_feeds', '2026-11-29 06:19:31.705747+00');
INSERT INTO public.django_migrations VALUES (34, 'newsletter', '0003_events_as_a_queue', '2026-11-29 06:19:31.954403+00');
INSERT INTO public.django_migrations VALUES (35, 'papers', '0002_topics_and_sources', '2026-11-29 06:19:32.11685+00');
INSERT INTO public.django_migrations VALUES (36, 'papers', '0003_full_text_search', '2026-11-29 06:19:32.19159+00');
INSERT INTO public.django_migrations VALUES (37, 'papers', '0004_fitted_models', '2026-11-29 06:19:32.261246+00');
INSERT INTO public.django_migrations VALUES (38, 'papers', '0005_stamps', '2026-11-29 06:19:32.270164+00');
INSERT INTO public.django_migrations VALUES (39, 'papers', '0006_readers_as_a_source', '2026-11-29 06:19:32.39164+00');
INSERT INTO public.django_migrations VALUES (40, 'papers', '0007_encoder_of_models', '2026-11-29 06:19:32.422377+00');
INSERT INTO public.django_migrations VALUES (41, 'papers', '0008_thumbnails', '2026-11-29 06:19:32.484394+00');
INSERT INTO public.django_migrations VALUES (42, 'sessions', '0001_initial', '2026-11-29 06:19:32.498539+00');
INSERT INTO public.django_migrations VALUES (43, 'subscriptions', '0004_grouping', '2026-11-29 06:19:32.538647+00');
INSERT INTO public.django_migrations VALUES (44, 'subscriptions', '0005_upvotes_and_submissions', '2026-11-29 06:19:32.686857+00');
INSERT INTO public.django_migrations VALUES (45, 'subscriptions', '0006_whom_to_welcome', '2026-11-29 06:19:32.76402+00');
INSERT INTO public.newsletter_delivery VALUES (9, 'expired', 'its deadline passed before it could be sent', '2026-06-10 08:00:00+00', '2026-06-10 20:00:00+00', '2026-06-11 08:00:00+00', 0, '', NULL, '[]', '', NULL, NULL, NULL, NULL, NULL, NULL, 3, 3, '');
INSERT INTO public.newsletter_delivery VALUES (10, 'sent', '', '2026-06-10 08:00:00+00', '2026-06-10 20:00:00+00', '2026-06-10 08:00:00+00', 1, 'worker-1-000000000001', NULL, '[[1, 5, [30], "\"agents\" in the title · trending #1"], [4, 6, [30], "\"agents\" in the title · trending #2"]]', '', '2026-06-10 08:00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, 3, '');
INSERT INTO public.newsletter_delivery VALUES (2, 'feed', '', '2026-06-06 08:00:00+00', '2026-06-06 20:00:00+00', '2026-06-06 08:00:00+00', 0, 'worker-1-000000000002', NULL, '[[1, 1, [30], "\"agents\" in the title · trending #1"], [2, 2, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 2, 1, '');
INSERT INTO public.newsletter_delivery VALUES (1, 'sent', '', '2026-06-06 08:00:00+00', '2026-06-06 20:00:00+00', '2026-06-06 08:00:00+00', 1, 'worker-1-000000000002', NULL, '[[1, 1, [30], "\"agents\" in the title · trending #1"], [2, 2, [30], "\"agents\" in the title · trending #2"]]', 'first-of-alice', '2026-06-06 08:00:00+00', NULL, NULL, NULL, NULL, NULL, 1, 1, '');
INSERT INTO public.newsletter_delivery VALUES (3, 'sent', '', '2026-06-06 08:00:00+00', '2026-06-06 20:00:00+00', '2026-06-06 08:00:00+00', 1, 'worker-1-000000000002', NULL, '[[1, 1, [30], "\"agents\" in the title · trending #1"], [2, 2, [30], "\"agents\" in the title · trending #2"]]', '', '2026-06-06 08:00:00+00', NULL, NULL, NULL, NULL, NULL, 3, 1, '');
INSERT INTO public.newsletter_delivery VALUES (5, 'feed', '', '2026-06-09 01:00:00+00', '2026-06-09 13:00:00+00', '2026-06-09 08:00:00+00', 0, 'worker-1-000000000003', NULL, '[[3, 4, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 2, 2, '');
INSERT INTO public.newsletter_delivery VALUES (4, 'unknown', 'timeout: no answer in time', '2026-06-09 01:00:00+00', '2026-06-09 13:00:00+00', '2026-06-09 08:00:00+00', 1, 'worker-1-000000000003', NULL, '[[3, 4, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 1, 2, '');
INSERT INTO public.newsletter_delivery VALUES (6, 'failed', '550 5.1.1: no such user', '2026-06-09 01:00:00+00', '2026-06-09 13:00:00+00', '2026-06-09 08:00:00+00', 1, 'worker-1-000000000003', NULL, '[[3, 4, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 3, 2, '');
INSERT INTO public.newsletter_delivery VALUES (7, 'skipped', 'nothing new in the reader''s topics', '2026-06-10 08:00:00+00', '2026-06-10 20:00:00+00', '2026-06-10 08:00:00+00', 0, 'worker-1-000000000001', NULL, '[]', '', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, '');
INSERT INTO public.newsletter_delivery VALUES (8, 'feed', '', '2026-06-10 08:00:00+00', '2026-06-10 20:00:00+00', '2026-06-10 08:00:00+00', 0, 'worker-1-000000000001', NULL, '[[4, 6, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 2, 3, '');
INSERT INTO public.newsletter_delivery VALUES (11, 'claimed', '', '2026-06-11 08:00:00+00', '2026-06-11 20:00:00+00', '2026-06-11 08:00:00+00', 1, 'worker-1-000000000004', '2026-06-11 08:05:00+00', '[[5, 8, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 1, 4, '');
INSERT INTO public.newsletter_delivery VALUES (13, 'claimed', '', '2026-06-11 08:00:00+00', '2026-06-11 20:00:00+00', '2026-06-11 08:00:00+00', 1, 'worker-1-000000000004', '2026-06-11 08:05:00+00', '[[5, 8, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 3, 4, '');
INSERT INTO public.newsletter_delivery VALUES (12, 'claimed', '', '2026-06-11 08:00:00+00', '2026-06-11 20:00:00+00', '2026-06-11 08:00:00+00', 1, 'worker-1-000000000004', '2026-06-11 08:05:00+00', '[[5, 8, [30], "\"agents\" in the title · trending #2"]]', '', NULL, NULL, NULL, NULL, NULL, NULL, 2, 4, '');
INSERT INTO public.newsletter_delivery VALUES (14, 'pending', '', '2026-06-11 08:00:00+00', '2026-06-13 08:00:00+00', '2026-06-11 09:00:00+00', 0, '', NULL, '[]', '', NULL, NULL, NULL, NULL, NULL, NULL, 3, 5, '');
INSERT INTO public.newsletter_event VALUES (1, 'postmark', 'delivered-1', 'delivered', '', '', '2026-06-09 08:00:00+00', '2026-06-10 08:00:00+00', 4, '', false, NULL, '');
INSERT INTO public.newsletter_issue VALUES (1, '2026-06-05', 'running', '', '', '2026-06-06 01:00:00+00', '');
INSERT INTO public.newsletter_issue VALUES (2, '2026-06-08', 'running', '', '', '2026-06-09 01:00:00+00', '');
INSERT INTO public.newsletter_issue VALUES (3, '2026-06-09', 'running', '', '', '2026-06-10 01:00:00+00', '');
INSERT INTO public.newsletter_issue VALUES (4, '2026-06-10', 'running', '', '', '2026-06-11 01:00:00+00', '');
INSERT INTO public.newsletter_issue VALUES (5, '2026-06-04', 'running', '', '', '2026-06-11 08:00:00+00', '');
INSERT INTO public.newsletter_issuepaper VALUES (1, 1, 1, '{"note": "", "path": "/papers/arxiv/2606.00001/", "stars": null, "title": "On every list", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00001", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00001", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00001", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 1, 1);
INSERT INTO public.newsletter_issuepaper VALUES (2, 2, 1, '{"note": "", "path": "/papers/arxiv/2606.00002/", "stars": null, "title": "Agents of Friday", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00002", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00002", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00002", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 1, 2);
INSERT INTO public.newsletter_issuepaper VALUES (3, 1, 1, '{"note": "", "path": "/papers/arxiv/2606.00001/", "stars": null, "title": "On every list", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00001", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00001", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00001", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 2, 1);
INSERT INTO public.newsletter_issuepaper VALUES (4, 2, 1, '{"note": "", "path": "/papers/arxiv/2606.00003/", "stars": null, "title": "Agents of Monday", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00003", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00003", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00003", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 2, 3);
INSERT INTO public.newsletter_issuepaper VALUES (5, 1, 1, '{"note": "", "path": "/papers/arxiv/2606.00001/", "stars": null, "title": "On every list", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00001", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00001", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00001", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 3, 1);
INSERT INTO public.newsletter_issuepaper VALUES (6, 2, 1, '{"note": "", "path": "/papers/arxiv/2606.00004/", "stars": null, "title": "Agents of Tuesday", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00004", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00004", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00004", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 3, 4);
INSERT INTO public.newsletter_issuepaper VALUES (7, 1, 1, '{"note": "", "path": "/papers/arxiv/2606.00001/", "stars": null, "title": "On every list", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00001", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00001", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00001", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 4, 1);
INSERT INTO public.newsletter_issuepaper VALUES (8, 2, 1, '{"note": "", "path": "/papers/arxiv/2606.00005/", "stars": null, "title": "Agents of Wednesday", "topics": ["Agents"], "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"], "excerpt": "We study something. It works better than before.", "is_pick": false, "pdf_url": "https://arxiv.org/pdf/2606.00005", "upvotes": 10, "code_url": "", "comments": 2, "identifier": "arxiv:2606.00005", "project_url": "", "abstract_url": "https://arxiv.org/abs/2606.00005", "author_count": 3, "organization": "", "stars_gained": null, "is_summarised": false, "thumbnail_url": "", "excerpt_is_cut": true, "thumbnail_path": "", "upvotes_gained": null, "comments_gained": null}', '{"30": {"score": 3.0, "evidence": [{"kind": "keyword", "where": "title", "detail": "agents"}]}}', 4, 5);
INSERT INTO public.papers_feature VALUES (1, '2026-06-05', '', '2026-06-05 09:00:00+00', 2, 1);
INSERT INTO public.papers_feature VALUES (2, '2026-06-05', '', '2026-06-05 09:00:00+00', 1, 1);
INSERT INTO public.papers_feature VALUES (3, '2026-06-08', '', '2026-06-08 09:00:00+00', 3, 1);
INSERT INTO public.papers_feature VALUES (4, '2026-06-08', '', '2026-06-08 09:00:00+00', 1, 1);
INSERT INTO public.papers_feature VALUES (5, '2026-06-09', '', '2026-06-09 09:00:00+00', 4, 1);
INSERT INTO public.papers_feature VALUES (6, '2026-06-09', '', '2026-06-09 09:00:00+00', 1, 1);
INSERT INTO public.papers_feature VALUES (7, '2026-06-10', '', '2026-06-10 09:00:00+00', 5, 1);
INSERT INTO public.papers_feature VALUES (8, '2026-06-10', '', '2026-06-10 09:00:00+00', 1, 1);
INSERT INTO public.papers_feature VALUES (9, '2026-06-11', '', '2026-06-11 09:00:00+00', 6, 1);
INSERT INTO public.papers_feature VALUES (10, '2026-06-11', '', '2026-06-11 08:00:00+00', 1, 1);
INSERT INTO public.papers_fulltext VALUES (1, '''00001'':12B ''2606'':11B ''adam'':5B ''alic'':4B ''arxiv'':10B ''befor'':20 ''better'':18 ''bob'':6B ''brown'':7B ''charli'':8B ''clark'':9B ''everi'':2A ''explain'':22 ''it'':16 ''list'':3A ''on'':1A ''someth'':15 ''studi'':14 ''than'':19 ''we'':13,21 ''whi'':23 ''work'':17');
INSERT INTO public.papers_fulltext VALUES (2, '''00002'':12B ''2606'':11B ''adam'':5B ''agent'':1A ''alic'':4B ''arxiv'':10B ''befor'':20 ''better'':18 ''bob'':6B ''brown'':7B ''charli'':8B ''clark'':9B ''explain'':22 ''it'':16 ''of'':2A ''someth'':15 ''studi'':14 ''friday'':3A ''than'':19 ''we'':13,21 ''whi'':23 ''work'':17');
INSERT INTO public.papers_fulltext VALUES (3, '''00003'':12B ''2606'':11B ''adam'':5B ''agent'':1A ''alic'':4B ''arxiv'':10B ''befor'':20 ''better'':18 ''bob'':6B ''brown'':7B ''charli'':8B ''clark'':9B ''explain'':22 ''it'':16 ''monday'':3A ''of'':2A ''someth'':15 ''studi'':14 ''than'':19 ''we'':13,21 ''whi'':23 ''work'':17');
INSERT INTO public.papers_fulltext VALUES (4, '''00004'':12B ''2606'':11B ''adam'':5B ''agent'':1A ''alic'':4B ''arxiv'':10B ''befor'':20 ''better'':18 ''bob'':6B ''brown'':7B ''charli'':8B ''clark'':9B ''explain'':22 ''it'':16 ''of'':2A ''someth'':15 ''studi'':14 ''than'':19 ''tuesday'':3A ''we'':13,21 ''whi'':23 ''work'':17');
INSERT INTO public.papers_fulltext VALUES (5, '''00005'':12B ''2606'':11B ''adam'':5B ''agent'':1A ''alic'':4B ''arxiv'':10B ''befor'':20 ''better'':18 ''bob'':6B ''brown'':7B ''charli'':8B ''clark'':9B ''explain'':22 ''it'':16 ''of'':2A ''someth'':15 ''studi'':14 ''than'':19 ''we'':13,21 ''wednesday'':3A ''whi'':23 ''work'':17');
INSERT INTO public.papers_fulltext VALUES (6, '''00006'':12B ''2606'':11B ''adam'':5B ''agent'':1A ''alic'':4B ''arxiv'':10B ''befor'':20 ''better'':18 ''bob'':6B ''brown'':7B ''charli'':8B ''clark'':9B ''explain'':22 ''it'':16 ''of'':2A ''someth'':15 ''studi'':14 ''than'':19 ''thursday'':3A ''we'':13,21 ''whi'':23 ''work'':17');
INSERT INTO public.papers_fulltext_titles VALUES (1, '''everi'':2 ''list'':3 ''on'':1');
INSERT INTO public.papers_fulltext_titles VALUES (2, '''agent'':1 ''of'':2 ''friday'':3');
INSERT INTO public.papers_fulltext_titles VALUES (3, '''agent'':1 ''monday'':3 ''of'':2');
INSERT INTO public.papers_fulltext_titles VALUES (4, '''agent'':1 ''of'':2 ''tuesday'':3');
INSERT INTO public.papers_fulltext_titles VALUES (5, '''agent'':1 ''of'':2 ''wednesday'':3');
INSERT INTO public.papers_fulltext_titles VALUES (6, '''agent'':1 ''of'':2 ''thursday'':3');
INSERT INTO public.papers_match VALUES (1, 3, true, '[{"kind": "keyword", "where": "title", "detail": "agents"}]', '', 1, 30);
INSERT INTO public.papers_match VALUES (2, 3, true, '[{"kind": "keyword", "where": "title", "detail": "agents"}]', '', 2, 30);
INSERT INTO public.papers_match VALUES (3, 3, true, '[{"kind": "keyword", "where": "title", "detail": "agents"}]', '', 3, 30);
INSERT INTO public.papers_match VALUES (4, 3, true, '[{"kind": "keyword", "where": "title", "detail": "agents"}]', '', 4, 30);
INSERT INTO public.papers_match VALUES (5, 3, true, '[{"kind": "keyword", "where": "title", "detail": "agents"}]', '', 5, 30);
INSERT INTO public.papers_match VALUES (6, 3, true, '[{"kind": "keyword", "where": "title", "detail": "agents"}]', '', 6, 30);
INSERT INTO public.papers_observation VALUES (1, '2026-06-05 09:00:00+00', 10, 2, NULL, 2, 1);
INSERT INTO public.papers_observation VALUES (2, '2026-06-08 09:00:00+00', 10, 2, NULL, 3, 1);
INSERT INTO public.papers_observation VALUES (3, '2026-06-09 09:00:00+00', 10, 2, NULL, 4, 1);
INSERT INTO public.papers_observation VALUES (4, '2026-06-10 09:00:00+00', 10, 2, NULL, 5, 1);
INSERT INTO public.papers_observation VALUES (5, '2026-06-11 09:00:00+00', 10, 2, NULL, 6, 1);
INSERT INTO public.papers_paper VALUES (1, 'arxiv:2606.00001', 'On every list', 'We study something. It works better than before. We explain why.', '', '["Alice Adams", "Bob Brown", "Charlie Clark"]', '', '[]', '[]', NULL, '', '', '', 10, 2, NULL, 1, '2026-11-29 06:19:33.256605+00', 0);
INSERT INTO public.papers_paper VALUES (2, 'arxiv:2606.00002', 'Agents of Friday', 'We study something. It works better than before. We explain why.', '', '["Alice Adams", "Bob Brown", "Charlie Clark"]', '', '[]', '[]', NULL, '', '', '', 10, 2, NULL, 1, '2026-11-29 06:19:33.273434+00', 0);
INSERT INTO public.papers_paper VALUES (3, 'arxiv:2606.00003', 'Agents of Monday', 'We study something. It works better than before. We explain why.', '', '["Alice Adams", "Bob Brown", "Charlie Clark"]', '', '[]', '[]', NULL, '', '', '', 10, 2, NULL, 1, '2026-11-29 06:19:33.741386+00', 0);
INSERT INTO public.papers_paper VALUES (4, 'arxiv:2606.00004', 'Agents of Tuesday', 'We study something. It works better than before. We explain why.', '', '["Alice Adams", "Bob Brown", "Charlie Clark"]', '', '[]', '[]', NULL, '', '', '', 10, 2, NULL, 1, '2026-11-29 06:19:33.845886+00', 0);
INSERT INTO public.papers_paper VALUES (5, 'arxiv:2606.00005', 'Agents of Wednesday', 'We study something. It works better than before. We explain why.', '', '["Alice Adams", "Bob Brown", "Charlie Clark"]', '', '[]', '[]', NULL, '', '', '', 10, 2, NULL, 1, '2026-11-29 06:19:34.001887+00', 0);
INSERT INTO public.papers_paper VALUES (6, 'arxiv:2606.00006', 'Agents of Thursday', 'We study something. It works better than before. We explain why.', '', '["Alice Adams", "Bob Brown", "Charlie Clark"]', '', '[]', '[]', NULL, '', '', '', 10, 2, NULL, 1, '2026-11-29 06:19:34.104747+00', 0);
INSERT INTO public.papers_source VALUES (1, 'huggingface', 'huggingface', 'Hugging Face Daily Papers', true, NULL, '');
INSERT INTO public.papers_source VALUES (2, 'sample', 'sample', 'Sample that ships with Broadsheet', true, NULL, '');
INSERT INTO public.papers_source VALUES (3, 'community', 'community', 'Our readers', true, NULL, '');
INSERT INTO public.papers_stamp VALUES (1, 'a517e51d50f4023f94a139d263b3ae54');
INSERT INTO public.papers_topic VALUES (30, 't-agents', 'Agents', 'Tests', 'All about Agents.', '["agents"]', '[]', 0, true, '2026-11-29 06:19:33.216431+00');
INSERT INTO public.papers_topic VALUES (31, 't-vision', 'Vision', 'Tests', 'All about Vision.', '["vision"]', '[]', 0, true, '2026-11-29 06:19:33.222955+00');
INSERT INTO public.subscriptions_subscriber VALUES (1, 'alice@example.org', 'active', 'daily', 0, 8, 'UTC', 10, false, true, 'en', NULL, '2026-06-12 08:00:00+00', 1, '2026-11-29 06:19:33.227783+00', '2026-05-12 08:00:00+00', NULL, NULL, 'mail', NULL, '', false, '2026-05-21');
INSERT INTO public.subscriptions_subscriber VALUES (2, 'bob@example.org', 'active', 'daily', 0, 8, 'UTC', 10, false, true, 'en', NULL, '2026-06-12 08:00:00+00', 1, '2026-11-29 06:19:33.239811+00', '2026-05-12 08:00:00+00', NULL, NULL, 'feed', NULL, '', false, '2026-05-21');
INSERT INTO public.subscriptions_subscriber VALUES (3, 'charlie@example.org', 'active', 'daily', 0, 8, 'UTC', 10, false, true, 'en', NULL, '2026-06-12 08:00:00+00', 1, '2026-11-29 06:19:33.24972+00', '2026-05-12 08:00:00+00', NULL, NULL, 'mail', NULL, '', false, '2026-05-21');
INSERT INTO public.subscriptions_subscription VALUES (2, 2, 30);
INSERT INTO public.subscriptions_subscription VALUES (3, 3, 30);
INSERT INTO public.subscriptions_subscription VALUES (1, 1, 30);
SELECT pg_catalog.setval('public.auth_group_id_seq', 1, false);
SELECT pg_catalog.setval('public.auth_group_permissions_id_seq', 1, false);
SELECT pg_catalog.setval('public.auth_permission_id_seq', 136, true);
SELECT pg_catalog.setval('public.auth_user_groups_id_seq', 1, false);
SELECT pg_catalog.setval('public.auth_user_id_seq', 1, false);
SELECT pg_catalog.setval('public.auth_user_user_permissions_id_seq', 1, false);
SELECT pg_catalog.setval('public.axes_accessattempt_id_seq', 1, false);
SELECT pg_catalog.setval('public.axes_accessfailurelog_id_seq', 1, false);
SELECT pg_catalog.setval('public.axes_accesslog_id_seq', 1, false);
SELECT pg_catalog.setval('public.django_admin_log_id_seq', 1, false);
SELECT pg_catalog.setval('public.django_content_type_id_seq', 34, true);
SELECT pg_catalog.setval('public.django_migrations_id_seq', 45, true);
SELECT pg_catalog.setval('public.newsletter_delivery_id_seq', 14, true);
SELECT pg_catalog.setval('public.newsletter_event_id_seq', 1, true);
SELECT pg_catalog.setval('public.newsletter_issue_id_seq', 5, true);
SELECT pg_catalog.setval('public.newsletter_issuepaper_id_seq', 8, true);
SELECT pg_catalog.setval('public.papers_feature_id_seq', 10, true);
SELECT pg_catalog.setval('public.papers_fittedmodel_id_seq', 1, false);
SELECT pg_catalog.setval('public.papers_match_id_seq', 6, true);
SELECT pg_catalog.setval('public.papers_observation_id_seq', 5, true);
SELECT pg_catalog.setval('public.papers_paper_id_seq', 6, true);
SELECT pg_catalog.setval('public.papers_papervector_id_seq', 1, false);
SELECT pg_catalog.setval('public.papers_pick_id_seq', 1, false);
SELECT pg_catalog.setval('public.papers_source_id_seq', 3, true);
SELECT pg_catalog.setval('public.papers_stamp_id_seq', 1, false);
SELECT pg_catalog.setval('public.papers_thumbnail_id_seq', 1, false);
SELECT pg_catalog.setval('public.papers_topic_id_seq', 31, true);
SELECT pg_catalog.setval('public.subscriptions_addresschange_id_seq', 1, false);
SELECT pg_catalog.setval('public.subscriptions_consent_id_seq', 1, false);
SELECT pg_catalog.setval('public.subscriptions_feedback_id_seq', 1, false);
SELECT pg_catalog.setval('public.subscriptions_submission_id_seq', 1, false);
SELECT pg_catalog.setval('public.subscriptions_subscriber_id_seq', 4, true);
SELECT pg_catalog.setval('public.subscriptions_subscription_id_seq', 4, true);
SELECT pg_catalog.setval('public.subscriptions_upvote_id_seq', 1, false);
ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_user_id_group_id_94350c0c_uniq UNIQUE (user_id, group_id);
ALTER TABLE ONLY public.auth_user
    ADD CONSTRAINT auth_user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_user_id_permission_id_14a6b632_uniq UNIQUE (user_id, permission_id);
ALTER TABLE ONLY public.auth_user
    ADD CONSTRAINT auth_user_username_key UNIQUE (username);
ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_username_ip_address_user_agent_8ea22282_uniq UNIQUE (username, ip_address, user_agent);
ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptexpiration_pkey PRIMARY KEY (access_attempt_id);
ALTER TABLE ONLY public.axes_accessfailurelog
    ADD CONSTRAINT axes_accessfailurelog_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.axes_accesslog
    ADD CONSTRAINT axes_accesslog_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.newsletter_delivery
    ADD CONSTRAINT delivery_once UNIQUE (issue_id, subscriber_id);
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY public.newsletter_event
    ADD CONSTRAINT event_once UNIQUE (provider, event_id);
ALTER TABLE ONLY public.papers_feature
    ADD CONSTRAINT feature_once_a_day UNIQUE (source_id, paper_id, day);
ALTER TABLE ONLY public.subscriptions_feedback
    ADD CONSTRAINT feedback_once UNIQUE (subscriber_id, paper_id);
ALTER TABLE ONLY public.newsletter_issuepaper
    ADD CONSTRAINT issue_paper_once UNIQUE (issue_id, paper_id);
ALTER TABLE ONLY public.newsletter_issuepaper
    ADD CONSTRAINT issue_rank_once UNIQUE (issue_id, rank);
ALTER TABLE ONLY public.papers_match
    ADD CONSTRAINT match_once UNIQUE (paper_id, topic_id);
ALTER TABLE ONLY public.newsletter_delivery
    ADD CONSTRAINT newsletter_delivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.newsletter_event
    ADD CONSTRAINT newsletter_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.newsletter_issue
    ADD CONSTRAINT newsletter_issue_day_key UNIQUE (day);
ALTER TABLE ONLY public.newsletter_issue
    ADD CONSTRAINT newsletter_issue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.newsletter_issuepaper
    ADD CONSTRAINT newsletter_issuepaper_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.newsletter_ratebucket
    ADD CONSTRAINT newsletter_ratebucket_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.papers_observation
    ADD CONSTRAINT observation_once_a_moment UNIQUE (paper_id, source_id, observed_at);
ALTER TABLE ONLY public.papers_papervector
    ADD CONSTRAINT paper_vector_once UNIQUE (fitted_id, paper_id);
ALTER TABLE ONLY public.papers_feature
    ADD CONSTRAINT papers_feature_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_fittedmodel
    ADD CONSTRAINT papers_fittedmodel_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_fittedmodel
    ADD CONSTRAINT papers_fittedmodel_version_key UNIQUE (version);
ALTER TABLE ONLY public.papers_fulltext
    ADD CONSTRAINT papers_fulltext_pkey PRIMARY KEY (paper_id);
ALTER TABLE ONLY public.papers_fulltext_titles
    ADD CONSTRAINT papers_fulltext_titles_pkey PRIMARY KEY (paper_id);
ALTER TABLE ONLY public.papers_match
    ADD CONSTRAINT papers_match_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_observation
    ADD CONSTRAINT papers_observation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_paper
    ADD CONSTRAINT papers_paper_identifier_key UNIQUE (identifier);
ALTER TABLE ONLY public.papers_paper
    ADD CONSTRAINT papers_paper_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_papervector
    ADD CONSTRAINT papers_papervector_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_pick
    ADD CONSTRAINT papers_pick_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_source
    ADD CONSTRAINT papers_source_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_source
    ADD CONSTRAINT papers_source_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.papers_stamp
    ADD CONSTRAINT papers_stamp_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_thumbnail
    ADD CONSTRAINT papers_thumbnail_paper_id_key UNIQUE (paper_id);
ALTER TABLE ONLY public.papers_thumbnail
    ADD CONSTRAINT papers_thumbnail_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_topic
    ADD CONSTRAINT papers_topic_name_key UNIQUE (name);
ALTER TABLE ONLY public.papers_topic
    ADD CONSTRAINT papers_topic_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.papers_topic
    ADD CONSTRAINT papers_topic_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.papers_pick
    ADD CONSTRAINT pick_once_a_day UNIQUE (day, paper_id);
ALTER TABLE ONLY public.subscriptions_subscription
    ADD CONSTRAINT subscription_once UNIQUE (subscriber_id, topic_id);
ALTER TABLE ONLY public.subscriptions_addresschange
    ADD CONSTRAINT subscriptions_addresschange_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_consent
    ADD CONSTRAINT subscriptions_consent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_feedback
    ADD CONSTRAINT subscriptions_feedback_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_submission
    ADD CONSTRAINT subscriptions_submission_identifier_key UNIQUE (identifier);
ALTER TABLE ONLY public.subscriptions_submission
    ADD CONSTRAINT subscriptions_submission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_subscriber
    ADD CONSTRAINT subscriptions_subscriber_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_subscription
    ADD CONSTRAINT subscriptions_subscription_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_suppression
    ADD CONSTRAINT subscriptions_suppression_pkey PRIMARY KEY (address_hash);
ALTER TABLE ONLY public.subscriptions_upvote
    ADD CONSTRAINT subscriptions_upvote_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subscriptions_upvote
    ADD CONSTRAINT upvote_once UNIQUE (subscriber_id, paper_id);
CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);
CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);
CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);
CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);
CREATE INDEX auth_user_groups_group_id_97559544 ON public.auth_user_groups USING btree (group_id);
CREATE INDEX auth_user_groups_user_id_6a12ed8b ON public.auth_user_groups USING btree (user_id);
CREATE INDEX auth_user_user_permissions_permission_id_1fbb5f2c ON public.auth_user_user_permissions USING btree (permission_id);
CREATE INDEX auth_user_user_permissions_user_id_a95ead1b ON public.auth_user_user_permissions USING btree (user_id);
CREATE INDEX auth_user_username_6821ab7c_like ON public.auth_user USING btree (username varchar_pattern_ops);
CREATE INDEX axes_accessattempt_ip_address_10922d9c ON public.axes_accessattempt USING btree (ip_address);
CREATE INDEX axes_accessattempt_user_agent_ad89678b ON public.axes_accessattempt USING btree (user_agent);
CREATE INDEX axes_accessattempt_user_agent_ad89678b_like ON public.axes_accessattempt USING btree (user_agent varchar_pattern_ops);
CREATE INDEX axes_accessattempt_username_3f2d4ca0 ON public.axes_accessattempt USING btree (username);
CREATE INDEX axes_accessattempt_username_3f2d4ca0_like ON public.axes_accessattempt USING btree (username varchar_pattern_ops);
CREATE INDEX axes_accessfailurelog_ip_address_2e9f5a7f ON public.axes_accessfailurelog USING btree (ip_address);
CREATE INDEX axes_accessfailurelog_user_agent_ea145dda ON public.axes_accessfailurelog USING btree (user_agent);
CREATE INDEX axes_accessfailurelog_user_agent_ea145dda_like ON public.axes_accessfailurelog USING btree (user_agent varchar_pattern_ops);
CREATE INDEX axes_accessfailurelog_username_a8b7e8a4 ON public.axes_accessfailurelog USING btree (username);
CREATE INDEX axes_accessfailurelog_username_a8b7e8a4_like ON public.axes_accessfailurelog USING btree (username varchar_pattern_ops);
CREATE INDEX axes_accesslog_ip_address_86b417e5 ON public.axes_accesslog USING btree (ip_address);
CREATE INDEX axes_accesslog_user_agent_0e659004 ON public.axes_accesslog USING btree (user_agent);
CREATE INDEX axes_accesslog_user_agent_0e659004_like ON public.axes_accesslog USING btree (user_agent varchar_pattern_ops);
CREATE INDEX axes_accesslog_username_df93064b ON public.axes_accesslog USING btree (username);
CREATE INDEX axes_accesslog_username_df93064b_like ON public.axes_accesslog USING btree (username varchar_pattern_ops);
CREATE INDEX delivery_bounces ON public.newsletter_delivery USING btree (issue_id, bounce) WHERE (NOT ((bounce)::text = ''::text));
CREATE INDEX delivery_complaints ON public.newsletter_delivery USING btree (issue_id) WHERE (complained_at IS NOT NULL);
CREATE INDEX delivery_leases ON public.newsletter_delivery USING btree (lease_until) WHERE ((state)::text = 'claimed'::text);
CREATE INDEX delivery_ready ON public.newsletter_delivery USING btree (not_before, id) WHERE ((state)::text = 'pending'::text);
CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);
CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);
CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);
CREATE INDEX event_queue ON public.newsletter_event USING btree (id) WHERE (processed_at IS NULL);
CREATE INDEX match_rank ON public.papers_match USING btree (topic_id, is_sendable, score DESC);
CREATE INDEX newsletter_delivery_subscriber_id_0627441d ON public.newsletter_delivery USING btree (subscriber_id);
CREATE INDEX newsletter_event_delivery_id_05bc3bf7 ON public.newsletter_event USING btree (delivery_id);
CREATE INDEX newsletter_issuepaper_paper_id_7daa18c7 ON public.newsletter_issuepaper USING btree (paper_id);
CREATE INDEX newsletter_ratebucket_name_67065cef_like ON public.newsletter_ratebucket USING btree (name varchar_pattern_ops);
CREATE INDEX paper_vector_order ON public.papers_papervector USING btree (fitted_id, id);
CREATE INDEX paper_with_reader_upvotes ON public.papers_paper USING btree (id) WHERE (reader_upvotes > 0);
CREATE INDEX papers_feature_day_606cfa50 ON public.papers_feature USING btree (day);
CREATE INDEX papers_feature_paper_id_18d9674b ON public.papers_feature USING btree (paper_id);
CREATE INDEX papers_feature_source_id_165f535c ON public.papers_feature USING btree (source_id);
CREATE INDEX papers_fittedmodel_version_ec2f6357_like ON public.papers_fittedmodel USING btree (version varchar_pattern_ops);
CREATE INDEX papers_fulltext_titles_title ON public.papers_fulltext_titles USING gin (title) WITH (gin_pending_list_limit='1024');
CREATE INDEX papers_fulltext_words ON public.papers_fulltext USING gin (words) WITH (gin_pending_list_limit='1024');
CREATE INDEX papers_match_paper_id_5dbbfc35 ON public.papers_match USING btree (paper_id);
CREATE INDEX papers_match_topic_id_42482e81 ON public.papers_match USING btree (topic_id);
CREATE INDEX papers_observation_paper_id_f8943d08 ON public.papers_observation USING btree (paper_id);
CREATE INDEX papers_observation_source_id_38f1f1b0 ON public.papers_observation USING btree (source_id);
CREATE INDEX papers_paper_identifier_0c351e72_like ON public.papers_paper USING btree (identifier varchar_pattern_ops);
CREATE INDEX papers_paper_trending_score_1aa6e567 ON public.papers_paper USING btree (trending_score);
CREATE INDEX papers_papervector_paper_id_4ac9ccaa ON public.papers_papervector USING btree (paper_id);
CREATE INDEX papers_pick_created_by_id_a59ef9da ON public.papers_pick USING btree (created_by_id);
CREATE INDEX papers_pick_paper_id_c123edd4 ON public.papers_pick USING btree (paper_id);
CREATE INDEX papers_source_slug_21b970dc_like ON public.papers_source USING btree (slug varchar_pattern_ops);
CREATE INDEX papers_topic_name_67c96bcd_like ON public.papers_topic USING btree (name varchar_pattern_ops);
CREATE INDEX papers_topic_slug_6b623c68_like ON public.papers_topic USING btree (slug varchar_pattern_ops);
CREATE INDEX submission_unchecked ON public.subscriptions_submission USING btree (check_after, id) WHERE ((state)::text = 'checking'::text);
CREATE UNIQUE INDEX subscriber_address_once ON public.subscriptions_subscriber USING btree (lower((email)::text));
CREATE INDEX subscriber_due ON public.subscriptions_subscriber USING btree (next_digest_at, id) WHERE ((status)::text = 'active'::text);
CREATE INDEX subscriber_email ON public.subscriptions_subscriber USING btree (email);
CREATE INDEX subscriber_unwelcomed ON public.subscriptions_subscriber USING btree (confirmed_at) WHERE (welcomed_on IS NULL);
CREATE INDEX subscriptions_addresschange_subscriber_id_b71e1771 ON public.subscriptions_addresschange USING btree (subscriber_id);
CREATE INDEX subscriptions_consent_subscriber_id_c56d5858 ON public.subscriptions_consent USING btree (subscriber_id);
CREATE INDEX subscriptions_feedback_paper_id_0b41e586 ON public.subscriptions_feedback USING btree (paper_id);
CREATE INDEX subscriptions_submission_identifier_38dbc2fa_like ON public.subscriptions_submission USING btree (identifier varchar_pattern_ops);
CREATE INDEX subscriptions_submission_paper_id_97c5d9c4 ON public.subscriptions_submission USING btree (paper_id);
CREATE INDEX subscriptions_submission_subscriber_id_5cb1c6e6 ON public.subscriptions_submission USING btree (subscriber_id);
CREATE INDEX subscriptions_subscription_topic_id_bdd5fda4 ON public.subscriptions_subscription USING btree (topic_id);
CREATE INDEX subscriptions_suppression_address_hash_4942724c_like ON public.subscriptions_suppression USING btree (address_hash varchar_pattern_ops);
CREATE INDEX subscriptions_upvote_paper_id_ceff2c78 ON public.subscriptions_upvote USING btree (paper_id);
CREATE TRIGGER papers_fulltext_delete AFTER DELETE ON public.papers_paper FOR EACH ROW EXECUTE FUNCTION public.papers_fulltext_keep();
CREATE TRIGGER papers_fulltext_insert AFTER INSERT ON public.papers_paper FOR EACH ROW EXECUTE FUNCTION public.papers_fulltext_keep();
CREATE TRIGGER papers_fulltext_truncate AFTER TRUNCATE ON public.papers_paper FOR EACH STATEMENT EXECUTE FUNCTION public.papers_fulltext_keep();
CREATE TRIGGER papers_fulltext_update AFTER UPDATE OF id, title, abstract, summary, authors, organization, identifier ON public.papers_paper FOR EACH ROW WHEN (((old.id IS DISTINCT FROM new.id) OR ((old.title)::text IS DISTINCT FROM (new.title)::text) OR (old.abstract IS DISTINCT FROM new.abstract) OR (old.summary IS DISTINCT FROM new.summary) OR (old.authors IS DISTINCT FROM new.authors) OR ((old.organization)::text IS DISTINCT FROM (new.organization)::text) OR ((old.identifier)::text IS DISTINCT FROM (new.identifier)::text))) EXECUTE FUNCTION public.papers_fulltext_keep();
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_group_id_97559544_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_user_groups
    ADD CONSTRAINT auth_user_groups_user_id_6a12ed8b_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptex_access_attempt_id_6b73a47a_fk_axes_acce FOREIGN KEY (access_attempt_id) REFERENCES public.axes_accessattempt(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_auth_user_id FOREIGN KEY (user_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.newsletter_delivery
    ADD CONSTRAINT newsletter_delivery_issue_id_7b323103_fk_newsletter_issue_id FOREIGN KEY (issue_id) REFERENCES public.newsletter_issue(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.newsletter_delivery
    ADD CONSTRAINT newsletter_delivery_subscriber_id_0627441d_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.newsletter_event
    ADD CONSTRAINT newsletter_event_delivery_id_05bc3bf7_fk_newsletter_delivery_id FOREIGN KEY (delivery_id) REFERENCES public.newsletter_delivery(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.newsletter_issuepaper
    ADD CONSTRAINT newsletter_issuepaper_issue_id_a68b6601_fk_newsletter_issue_id FOREIGN KEY (issue_id) REFERENCES public.newsletter_issue(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.newsletter_issuepaper
    ADD CONSTRAINT newsletter_issuepaper_paper_id_7daa18c7_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_feature
    ADD CONSTRAINT papers_feature_paper_id_18d9674b_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_feature
    ADD CONSTRAINT papers_feature_source_id_165f535c_fk_papers_source_id FOREIGN KEY (source_id) REFERENCES public.papers_source(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_match
    ADD CONSTRAINT papers_match_paper_id_5dbbfc35_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_match
    ADD CONSTRAINT papers_match_topic_id_42482e81_fk_papers_topic_id FOREIGN KEY (topic_id) REFERENCES public.papers_topic(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_observation
    ADD CONSTRAINT papers_observation_paper_id_f8943d08_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_observation
    ADD CONSTRAINT papers_observation_source_id_38f1f1b0_fk_papers_source_id FOREIGN KEY (source_id) REFERENCES public.papers_source(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_papervector
    ADD CONSTRAINT papers_papervector_fitted_id_0302ba3a_fk_papers_fittedmodel_id FOREIGN KEY (fitted_id) REFERENCES public.papers_fittedmodel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_papervector
    ADD CONSTRAINT papers_papervector_paper_id_4ac9ccaa_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_pick
    ADD CONSTRAINT papers_pick_created_by_id_a59ef9da_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES public.auth_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_pick
    ADD CONSTRAINT papers_pick_paper_id_c123edd4_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.papers_thumbnail
    ADD CONSTRAINT papers_thumbnail_paper_id_337d8461_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_addresschange
    ADD CONSTRAINT subscriptions_addres_subscriber_id_b71e1771_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_consent
    ADD CONSTRAINT subscriptions_consen_subscriber_id_c56d5858_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_feedback
    ADD CONSTRAINT subscriptions_feedba_subscriber_id_06e1fa3a_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_feedback
    ADD CONSTRAINT subscriptions_feedback_paper_id_0b41e586_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_submission
    ADD CONSTRAINT subscriptions_submis_subscriber_id_5cb1c6e6_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_submission
    ADD CONSTRAINT subscriptions_submission_paper_id_97c5d9c4_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_subscription
    ADD CONSTRAINT subscriptions_subscr_subscriber_id_f45fd3fa_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_subscription
    ADD CONSTRAINT subscriptions_subscription_topic_id_bdd5fda4_fk_papers_topic_id FOREIGN KEY (topic_id) REFERENCES public.papers_topic(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_upvote
    ADD CONSTRAINT subscriptions_upvote_paper_id_ceff2c78_fk_papers_paper_id FOREIGN KEY (paper_id) REFERENCES public.papers_paper(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.subscriptions_upvote
    ADD CONSTRAINT subscriptions_upvote_subscriber_id_33c450e3_fk_subscript FOREIGN KEY (subscriber_id) REFERENCES public.subscriptions_subscriber(id) DEFERRABLE INITIALLY DEFERRED;
