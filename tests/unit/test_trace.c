#include "support.h"

#include "hex.h"
#include "trace.h"

#define ID   "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static const struct {
    const char *name, *text;
    bool ok, asked;
} parents[] = {
    {"version 0, kept", "00-" ID "-" SPAN "-01", true, true},
    {"version 0, not kept", "00-" ID "-" SPAN "-00", true, false},
    {"flags that nobody knows yet are passed over", "00-" ID "-" SPAN "-ff", true, true},
    {"a later version", "01-" ID "-" SPAN "-01", true, true},
    {"a later version has more", "cc-" ID "-" SPAN "-01-what-is-new", true, true},
    {"a later version is not longer without a dash", "cc-" ID "-" SPAN "-01.more", false, false},
    {"version 0 has no more", "00-" ID "-" SPAN "-01-more", false, false},
    {"version ff is none", "ff-" ID "-" SPAN "-01", false, false},
    {"upper case", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false, false},
    {"the trace of zeroes", "00-00000000000000000000000000000000-" SPAN "-01", false, false},
    {"the parent of zeroes", "00-" ID "-0000000000000000-01", false, false},
    {"nothing", "", false, false},
    {"a dash is missing", "00-" ID SPAN "-01--", false, false},
    {"cut in the flags", "00-" ID "-" SPAN "-0", false, false},
    {"no flags", "00-" ID "-" SPAN, false, false},
    {"a blank before", " 00-" ID "-" SPAN "-01", false, false},
    {"a blank behind", "00-" ID "-" SPAN "-01 ", false, false},
    {"not hexadecimal", "00-" ID "-b7ad6b716920333g-01", false, false},
    {"version of three", "000-" ID "-" SPAN "-01", false, false},
};

static void a_traceparent_is_read_to_the_letter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(parents); i++) {
        struct trace t = {0};
        char id[2 * TRACE_ID + 1], parent[2 * SPAN_ID + 1];
        print_message("%s\n", parents[i].name);
        assert_int_equal(trace_parse(parents[i].text, &t), parents[i].ok);
        assert_int_equal(t.asked, parents[i].asked);
        hex_write(t.id, TRACE_ID, id);
        hex_write(t.parent, SPAN_ID, parent);
        assert_string_equal(id, parents[i].ok ? ID : "00000000000000000000000000000000");
        assert_string_equal(parent, parents[i].ok ? SPAN : "0000000000000000");
    }
}

static const struct {
    const char *name, *text;
    bool ok;
} states[] = {
    {"one member", "rojo=00f067aa0ba902b7", true},
    {"a value has no equals sign", "rojo=1 , fw529a3039@dt=FfFf==", false},
    {"a tenant", "fw529a3039@dt=x/y,congo=t61rcWkgMzE", true},
    {"members may be empty", "a=1,,b=2,", true},
    {"blanks between", "a=1 \t, b=2", true},
    {"a value may have blanks inside", "a=x y", true},
    {"nothing", "", false},
    {"no value", "a=", false},
    {"no key", "=1", false},
    {"no equals sign", "a", false},
    {"a key in upper case", "A=1", false},
    {"control characters", "a=\x01", false},
    {"a key begins with a letter", "_a=1", false},
};

static void a_tracestate_is_a_list(void **state)
{
    (void)state;
    char many[4 * 33 + 1] = "";
    for (size_t i = 0; i < ROWS(states); i++) {
        print_message("%s\n", states[i].name);
        assert_int_equal(tracestate_valid(states[i].text), states[i].ok);
    }
    for (int i = 0; i < 33; i++) {
        assert_int_equal(i == 0 || tracestate_valid(many), true);
        strcat(many, "a=1,");
    }
    assert_false(tracestate_valid(many)); /* 32 at most */
}

static const struct {
    const char *name, *sampler, *argument;
    bool known;
    unsigned alone, asked, unasked; /* of 1000 traces, how many are kept */
} samplers[] = {
    {"everything", "always_on", NULL, true, 1000, 1000, 1000},
    {"nothing", "always_off", NULL, true, 0, 0, 0},
    {"what the caller keeps, else everything", "parentbased_always_on", NULL, true, 1000, 1000, 0},
    {"what the caller keeps alone", "parentbased_always_off", NULL, true, 0, 1000, 0},
    {"a share of none", "traceidratio", "0", true, 0, 0, 0},
    {"a share of all", "traceidratio", "1.0", true, 1000, 1000, 1000},
    {"a share without a number is all", "parentbased_traceidratio", NULL, true, 1000, 1000, 0},
    {"a share that is none", "traceidratio", "1.5", false, 1000, 1000, 0},
    {"no number", "traceidratio", "half", false, 1000, 1000, 0},
    {"nobody knows it", "jaeger_remote", NULL, false, 1000, 1000, 0},
};

static unsigned kept(struct trace_source *s, const char *traceparent)
{
    unsigned n = 0;
    struct trace t;
    for (unsigned i = 0; i < 1000; i++) {
        trace_begin(s, traceparent, &t);
        n += t.sampled;
    }
    return n;
}

static void samplers_keep_what_they_say(void **state)
{
    (void)state;
    struct trace_source s;
    for (size_t i = 0; i < ROWS(samplers); i++) {
        print_message("%s\n", samplers[i].name);
        trace_source_init(&s, (const uint64_t[]){1, 2, 3});
        assert_int_equal(trace_sampler_parse(samplers[i].sampler, samplers[i].argument, &s.sampler),
                         samplers[i].known);
        assert_int_equal(kept(&s, NULL), samplers[i].alone);
        assert_int_equal(kept(&s, "00-" ID "-" SPAN "-01"), samplers[i].asked);
        assert_int_equal(kept(&s, "00-" ID "-" SPAN "-00"), samplers[i].unasked);
    }
    trace_source_init(&s, (const uint64_t[]){1, 2, 3});
    assert_true(trace_sampler_parse("traceidratio", "0.25", &s.sampler));
    assert_in_range(kept(&s, NULL), 200, 300);
}

static void a_trace_that_is_not_understood_is_a_new_one(void **state)
{
    (void)state;
    struct trace_source s;
    struct trace one, other;
    static const uint8_t none[SPAN_ID];
    trace_source_init(&s, (const uint64_t[]){1, 2, 3});
    trace_begin(&s, "00-" ID "-" SPAN "-0x", &one);
    trace_begin(&s, NULL, &other);
    assert_memory_equal(one.parent, none, SPAN_ID);
    assert_memory_not_equal(one.id, other.id, TRACE_ID);
    assert_memory_not_equal(one.span, other.span, SPAN_ID);
    trace_begin(&s, "00-" ID "-" SPAN "-00", &one);
    trace_begin(&s, "00-" ID "-" SPAN "-00", &other);
    assert_memory_equal(one.id, other.id, TRACE_ID);
    assert_memory_not_equal(one.span, other.span, SPAN_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceparent_is_read_to_the_letter),
        cmocka_unit_test(a_tracestate_is_a_list),
        cmocka_unit_test(samplers_keep_what_they_say),
        cmocka_unit_test(a_trace_that_is_not_understood_is_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
