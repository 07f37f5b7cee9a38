// Whether an answer is one that the document promises. Each check throws what is wrong.
import assert from "node:assert/strict";
import zlib from "node:zlib";

/** Statuses that come from an operation itself: each must be listed, "default" does not do. */
const STRICT = new Set([400, 404, 406, 409, 412, 416, 422]);
/** Of the connection, not of the answer. */
const TRANSPORT = new Set(["connection", "date", "content-length", "transfer-encoding", "keep-alive", "content-type"]);
/** Different for each request. */
const FLEETING = new Set(["date", "server-timing", "x-request-id", "keep-alive", "connection"]);

function parse(answer) {
    const packed = answer.headers["content-encoding"] === "gzip";
    return JSON.parse((packed ? zlib.gunzipSync(answer.body) : answer.body).toString("utf8"));
}

function checkHeaders(operation, response, answer) {
    const common = operation.document.common();
    const documented = new Map(Object.keys(response.part.headers ?? {}).map((name) => [name.toLowerCase(), name]));
    const everywhere = new Map(Object.keys(common).map((name) => [name.toLowerCase(), name]));
    for (const [lower, name] of everywhere)
        assert.ok(!common[name].required || lower in answer.headers, `there is no ${name}`);
    for (const [name, text] of Object.entries(answer.headers)) {
        if (documented.has(name)) {
            const fault = operation.headerFault(response, documented.get(name), text);
            assert.equal(fault, null, `${name}: ${text}: ${fault}`);
        } else
            assert.ok(TRANSPORT.has(name) || everywhere.has(name), `the header ${name} of a ${answer.status} is not documented`);
    }
}

function checkProblem(answer) {
    const problem = parse(answer);
    assert.equal(problem.status, answer.status, "the status of the problem is another one");
    assert.equal(problem.instance, answer.headers["x-request-id"], "instance is not the request id");
    return problem;
}

function checkBody(operation, response, request, answer) {
    const content = response.part.content ?? {};
    if (Object.keys(content).length === 0) {
        assert.equal(answer.body.length, 0, `a ${answer.status} has a body`);
        return;
    }
    const type = answer.headers["content-type"].replace(/; boundary=[0-9a-f]+$/, ""); // another one each time
    assert.ok(type in content, `the type ${type} of a ${answer.status} is not documented`);
    if (answer.status === 206) return; // a piece
    if (!/[/+]json$/.test(type) || !["gzip", undefined].includes(answer.headers["content-encoding"])) return;
    const tokens = request.pairs.some(([name, value]) => name === "nan" && value === "literal"); // no JSON, on demand
    if (tokens) return;
    const fault = operation.bodyFault(response, type, parse(answer));
    assert.equal(fault, null, `a ${answer.status} of type ${type}: ${fault}`);
}

/** Throws unless the answer is documented. */
export function check(operation, request, answer) {
    if (request.expect) assert.equal(answer.status, request.expect, `${request.kind} gave ${answer.status}`);
    if (request.succeeds) assert.ok(answer.status < 400, `${request.kind} gave ${answer.status}`);
    if (request.taken && answer.status === 400)
        assert.doesNotMatch(parse(answer).type, /bad-parameter$/, `${request.kind} is refused`);
    if (request.method === "OPTIONS") {
        assert.deepEqual(new Set(answer.headers.allow.split(", ")), operation.allowed(), "Allow is wrong");
        return;
    }
    assert.notEqual(answer.status, 500, "the server made a mistake");
    // A wild place may be that of another endpoint, or none.
    const elsewhere = request.kind === "wild" || request.kind === "another place";
    const response = operation.response(answer.status);
    assert.ok(response, `${answer.status} is not documented`);
    assert.ok(response.explicit || answer.status >= 400, `${answer.status} is not documented`);
    assert.ok(response.explicit || elsewhere || !STRICT.has(answer.status), `${answer.status} is documented as "default" alone`);
    checkHeaders(operation, response, answer);
    checkBody(operation, response, request, answer);
    if (answer.headers["content-type"] === "application/problem+json") checkProblem(answer);
    if (answer.status === 405)
        assert.deepEqual(new Set(answer.headers.allow.split(", ")), operation.allowed(), "Allow is wrong");
    if (answer.status === 429 || answer.status === 503) assert.ok(answer.headers["retry-after"], "there is no Retry-After");
}

/** HEAD is GET without the body; numbers that change meanwhile change its length. */
export function checkHead(get, head, changes) {
    assert.equal(head.status, get.status, "HEAD has another status than GET");
    assert.equal(head.body.length, 0, "HEAD has a body");
    for (const name of new Set([...Object.keys(get.headers), ...Object.keys(head.headers)]))
        if (!FLEETING.has(name) && !(changes && name === "content-length") && !(name === "transfer-encoding" || (name === "content-length" && !head.headers[name])))
            assert.equal(head.headers[name], get.headers[name], `HEAD has another ${name} than GET`);
}
