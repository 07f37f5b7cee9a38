#include "answer.h"

#include "params.h"

const struct codec *json_format(void)
{
    return codec_by_name(bytes_text("json"));
}

bool answer_value(const struct request *request, const struct codec *codec, struct value *root,
                  const struct codec_options *options, struct reply *reply, struct error *err)
{
    if (!encoder_new(codec, root, options == NULL ? &codec_options_default : options,
                     request->service->limits, request->arena, &reply->encoder, err))
        return false;
    reply->status = 200;
    reply->kind = REPLY_ENCODER;
    reply_header(reply, "Content-Type", codec->media_types[0]);
    return true;
}

bool answer_json(const struct request *request, struct value *root, struct reply *reply, struct error *err)
{
    const struct codec_options *options = NULL;
    if (request->query_count > 0 && !param_options(request, &options, err))
        return false;
    return answer_value(request, json_format(), root, options, reply, err);
}
