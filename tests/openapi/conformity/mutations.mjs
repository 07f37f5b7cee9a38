// Wrong documents, and the operation whose answers show it. A test that finds nothing wrong with them could not fail.
export const MUTATIONS = {
    "a status that is not there": ["getFile", (root) => delete root.paths["/v1/files/{name}"].get.responses["206"]],
    "a failure that is not listed": ["getTree", (root) => delete root.paths["/v1/tree/{name}"].get.responses["404"]],
    "a media type that is not there": ["getData", (root) => delete root.components.responses.StoredValue.content["text/csv"]],
    "a member of another type": ["listFormats", (root) => (root.components.schemas.Format.properties.read = { type: "string" })],
    "a member that must be there": ["listFiles", (root) => root.components.schemas.Listing.required.push("total")],
    "a member that is not described": ["convert", (root) => delete root.components.schemas.Problem.properties.instance],
    "a header that is not described": ["getMeta", (root) => delete root.paths["/v1/meta/{name}"].get.responses["200"].headers.ETag],
    "a header that must be there": ["health", (root) =>
        (root["x-common-headers"]["X-Nothing"] = { required: true, schema: { type: "string" } })],
    "a parameter that the server does not know": ["listFormats", (root) =>
        root.paths["/v1/formats"].get.parameters.push({ name: "nothing", in: "query", schema: { enum: ["1"] } })],
    "a value that the server takes": ["getAttributes", (root) => root.components.parameters.protocol.schema.maximum--],
    "a value that the server does not take": ["getPreview", (root) => root.components.parameters.cmap.schema.enum.push("jet")],
    "a method that is not there": ["heal", (root) =>
        (root.paths["/healthz"].post = { ...root.paths["/healthz"].get, operationId: "heal" })],
};
