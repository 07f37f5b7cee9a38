// Wrong documents. A test that finds nothing wrong with them could not fail.
export const MUTATIONS = {
    "a status that is not there": (root) => delete root.paths["/v1/files/{name}"].get.responses["206"],
    "a failure that is not listed": (root) => delete root.paths["/v1/tree/{name}"].get.responses["404"],
    "a media type that is not there": (root) => delete root.components.responses.Value.content["text/csv"],
    "a member of another type": (root) => (root.components.schemas.Format.properties.read = { type: "string" }),
    "a member that must be there": (root) => root.components.schemas.Listing.required.push("total"),
    "a member that is not described": (root) => delete root.components.schemas.Problem.properties.instance,
    "a header that is not described": (root) => delete root.paths["/v1/meta/{name}"].get.responses["200"].headers.ETag,
    "a header that must be there": (root) => (root["x-common-headers"]["X-Nothing"] = { required: true, schema: { type: "string" } }),
    "a parameter that the server does not know": (root) =>
        root.paths["/v1/formats"].get.parameters.push({ name: "nothing", in: "query", schema: { enum: ["1"] } }),
    "a value that the server takes": (root) => root.components.parameters.protocol.schema.maximum--,
    "a value that the server does not take": (root) => root.components.parameters.cmap.schema.enum.push("jet"),
    "a method that is not there": (root) => (root.paths["/healthz"].post = { ...root.paths["/healthz"].get, operationId: "heal" }),
};
