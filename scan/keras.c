/* Configurations of Keras models: what their layers name and bring. */
#include "judge.h"

#include "codec.h"

static bool is_text(const struct value *v, const char *text)
{
    return v != NULL && v->kind == VALUE_STR && bytes_is(v->text, text);
}

static const char *const keras_packages[] = {
    "keras.src",    "keras",    "tensorflow.keras", "tensorflow.python.keras", "tf_keras", "keras_nlp",
    "tf_keras.src", "keras_cv", "keras_hub"};

/* What there is in Keras that loads, downloads or writes, as its advisories have it (CVE-2025-8747). */
static const char *const keras_tools[] = {"utils",    "saving",        "models", "callbacks",   "datasets",
                                          "wrappers", "legacy",        "export", "trainers",    "backend",
                                          "api",      "visualization", "config", "distribution"};

static bool is_of_keras(struct bytes module)
{
    for (size_t i = 0; i < ROWS(keras_packages); i++)
        if (policy_is_within(bytes_text(keras_packages[i]), module))
            return true;
    return false;
}

static bool is_tool_of_keras(struct bytes module)
{
    for (size_t i = 0; i < ROWS(keras_packages); i++) {
        const size_t n = strlen(keras_packages[i]);
        if (!policy_is_within(bytes_text(keras_packages[i]), module) || module.len == n)
            continue;
        for (size_t k = 0; k < ROWS(keras_tools); k++)
            if (policy_is_within(bytes_text(keras_tools[k]),
                                 bytes_of(module.data + n + 1, module.len - n - 1)))
                return true;
    }
    return false;
}

/* A function or class that the configuration names, by its module. */
static enum severity keras_severity(const struct scan *s, struct bytes module, struct bytes name,
                                    bool function)
{
    if (is_of_keras(module))
        return !is_tool_of_keras(module) ? SEVERITY_QUIET
               : function                ? SEVERITY_DANGEROUS
                                         : SEVERITY_SUSPICIOUS;
    const enum severity listed = policy_name(s->policy, module, name).severity;
    if (listed == SEVERITY_DANGEROUS)
        return listed;
    return bytes_is(module, "builtins") ? SEVERITY_QUIET : SEVERITY_SUSPICIOUS;
}

static bool scan_layer(struct scan *s, const struct value *dict, struct error *err)
{
    const struct value *cls = value_get(dict, "class_name"), *module = value_get(dict, "module"),
                       *config = value_get(dict, "config");
    if (cls == NULL || cls->kind != VALUE_STR)
        return true;
    struct finding f = {.severity = SEVERITY_DANGEROUS,
                        .rule = "keras-lambda",
                        .name = cls->text,
                        .module =
                            module != NULL && module->kind == VALUE_STR ? module->text : bytes_of("", 0),
                        .does = "A layer holds a function as code, which loading the model runs"};
    if (is_text(cls, "Lambda") || is_text(cls, "__lambda__") || is_text(cls, "TorchModuleWrapper") ||
        is_text(cls, "TFSMLayer"))
        return report_add(s, &f, err);
    const struct value *vocabulary = config == NULL ? NULL : value_get(config, "vocabulary");
    if (vocabulary != NULL && vocabulary->kind == VALUE_STR) { /* CVE-2025-12058 */
        f.severity = SEVERITY_SUSPICIOUS;
        f.rule = "keras-file";
        f.does = "A layer names a file or address, which loading the model reads";
        return report_add(s, &f, err);
    }
    if (module == NULL || module->kind != VALUE_STR)
        return true;
    const bool function = is_text(cls, "function") && config != NULL && config->kind == VALUE_STR;
    if (function)
        f.name = config->text;
    f.severity = keras_severity(s, f.module, f.name, function);
    if (f.severity == SEVERITY_QUIET)
        return true;
    f.rule = function ? "keras-function" : "keras-custom";
    f.does = f.severity == SEVERITY_DANGEROUS
                 ? "A layer names what is dangerous, which loading the model finds and may call"
                 : "A layer names what is imported from a module that holds no layers of Keras";
    return report_add(s, &f, err);
}

/* A text of JSON: layers of keras that hold code. */
bool scan_json(struct scan *s, struct bytes text, bool *known, struct error *err)
{
    const struct input in = input_of_bytes(text);
    struct error refused = {0};
    struct value *root;
    struct walk walk;
    struct walk_event event;
    const struct codec *json = codec_by_name(bytes_text("json"));
    if (!json->decode(&in, &codec_options_default, s->limits, s->arena, &root, &refused)) {
        if (refused.kind == ERR_LIMIT)
            s->report->limit = refused.limit;
        return refused.kind != ERR_LIMIT || report_unreadable(s, 0, refused.detail, err);
    }
    *known = true;
    walk_init(&walk, WALK_TREE, root, s->limits, s->arena);
    enum step step;
    while ((step = walk_next(&walk, &event, &refused)) == STEP_MORE)
        if (event.what == WALK_ENTER && event.value->kind == VALUE_DICT && !scan_layer(s, event.value, err))
            return false;
    return step == STEP_DONE || report_unreadable(s, 0, refused.detail, err);
}
