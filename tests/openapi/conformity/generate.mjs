// Requests for an operation: valid ones, ones that are wrong in one known way, and wild ones. All from fast-check, so a seed
// gives the same ones again, and one that fails is made smaller.
import fc from "fast-check";
import fs from "node:fs";
import path from "node:path";

const encode = (text) => encodeURIComponent(text).replaceAll("%2F", "/");

/** "name=value&..." of pairs. */
const queryOf = (pairs) => pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

const HEADERS = {
    Accept: ["application/json", "*/*", "text/html", "image/png", "text/csv;q=0.1, application/x-npy", "nonsense", "", "a/b;q=x",
             ",,,", "application/*"],
    "Accept-Encoding": ["gzip", "br", "*", "gzip;q=0", "identity;q=0"],
    "Content-Type": ["application/json", "application/x-pickle", "application/pdf", "multipart/form-data", "nonsense", "",
                     "multipart/form-data; boundary=b", "text/plain; charset=utf-16", "application/octet-stream"],
    "Content-Encoding": ["gzip", "br", "identity", "", "gzip, gzip", "zstd"],
    "If-Match": ["*", '"x"', 'W/"x"', "", "nonsense", '"'],
    "If-None-Match": ["*", '"x"', 'W/"x"', "", ",,"],
    "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT", "tomorrow", ""],
    "If-Unmodified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT", "-1"],
    "If-Range": ['"x"', 'W/"x"', "Thu, 01 Jan 1970 00:00:00 GMT", ""],
    Range: ["bytes=0-0", "bytes=-1", "bytes=5-2", "bytes=999999999-", "bytes=-0", "bytes=0-1,3-4", "lines=1", "bytes=", ""],
    "X-Request-Id": ["mine", "x".repeat(200), "two words", ""],
    Origin: ["https://a.example", "null", ""],
    Forwarded: ["for=1.2.3.4;proto=https", 'for="', ";;,"],
    "X-Forwarded-Prefix": ["/evil", "//evil.example"],
    traceparent: ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "nonsense"],
    Authorization: ["Bearer x", "Basic", ""],
};

/** Values that the document's own examples give to a parameter. */
function harvest(operations) {
    const seen = {};
    for (const operation of operations)
        for (const example of operation.content["x-examples"] ?? []) {
            const text = example.target.split("?")[1] ?? "";
            for (const pair of text.split("&").filter(Boolean)) {
                const [name, ...rest] = pair.split("=");
                (seen[name] ??= new Set()).add(rest.join("="));
            }
        }
    return seen;
}

const slices = fc
    .array(
        fc.oneof(
            fc.integer({ min: -9, max: 9 }).map(String),
            fc.tuple(fc.option(fc.integer({ min: -9, max: 9 })), fc.option(fc.integer({ min: -9, max: 9 })),
                     fc.option(fc.constantFrom(-2, -1, 1, 2, 3)))
                .map(([a, b, c]) => `${a ?? ""}:${b ?? ""}${c === null ? "" : ":" + c}`),
            fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 3 }).map((list) => `[${list}]`),
            fc.constant("...")),
        { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(","));

const wildText = fc.oneof(
    fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 8 }), fc.constant(""), fc.constant("x".repeat(3000)),
    fc.constantFrom("/", "..", "../../etc/passwd", "%", "-1", "1e999", "9".repeat(40), "\u0000", "null", "[]", "((((", "'", "\\"));

/** A JSON value that a schema allows. */
function fromSchema(document, pointer, depth = 0) {
    const [at, schema] = document.at(pointer);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const type = [].concat(schema.type ?? ["string", "integer", "object"]);
    const kinds = type.map((kind) => {
        if (kind === "integer") return fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 100 });
        if (kind === "number") return fc.double({ noNaN: true, noDefaultInfinity: true });
        if (kind === "boolean") return fc.boolean();
        if (kind === "null") return fc.constant(null);
        if (kind === "array")
            return fc.array(schema.items && depth < 4 ? fromSchema(document, `${at}/items`, depth + 1) : fc.json().map(JSON.parse),
                            { minLength: schema.minItems ?? 0, maxLength: 4 });
        if (kind === "object") return objectFromSchema(document, at, schema, depth);
        return fc.oneof(fc.constantFrom("/hours", "/temperature", "0:3", ":", "float32", "wind"), fc.string({ maxLength: 10 }));
    });
    return fc.oneof(...kinds);
}

function objectFromSchema(document, at, schema, depth) {
    const known = {};
    for (const name of Object.keys(schema.properties ?? {}))
        known[name] = fromSchema(document, `${at}/properties/${name}`, depth + 1);
    const members = fc.record(known, { requiredKeys: schema.required ?? [] });
    const more = schema.additionalProperties;
    if (!more || typeof more !== "object" || depth > 3) return members;
    const others = fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fromSchema(document, `${at}/additionalProperties`, depth + 1),
                                 { minKeys: schema.minProperties ?? 0, maxKeys: 3 });
    return fc.tuple(others, members).map(([a, b]) => ({ ...a, ...b }));
}

export class Generator {
    constructor(document, operations, project, base) {
        this.document = document;
        this.project = project;
        this.base = base;
        this.seen = harvest(operations);
        this.files = fs.readdirSync(path.join(project, "samples"));
        this.bodies = this.files.map((name) => fs.readFileSync(path.join(project, "samples", name)));
    }

    /** A request of the examples that is answered with 2xx or 3xx, taken apart. */
    example(operation) {
        const found = (operation.content["x-examples"] ?? []).filter((e) => (e.status ?? 200) < 400);
        if (found.length === 0) throw new Error(`${operation.id} has no example that succeeds`);
        return fc.constantFrom(...found).map((e) => {
            const [place, query = ""] = e.target.split("?");
            const pairs = query.split("&").filter(Boolean).map((pair) => {
                const [name, ...rest] = pair.split("=");
                return [decodeURIComponent(name), decodeURIComponent(rest.join("="))];
            });
            const body = e.file ? fs.readFileSync(path.join(this.project, e.file)) : e.body ? Buffer.from(e.body) : null;
            return { method: operation.method, place, pairs, headers: Object.entries(e.headers ?? {}), body };
        });
    }

    valid(parameter) {
        const schema = this.schemaOf(parameter);
        const harvested = [...(this.seen[parameter.name] ?? [])];
        if (schema.enum) return fc.constantFrom(...schema.enum.map(String));
        if (schema.type === "integer")
            return fc.integer({ min: schema.minimum ?? -50, max: schema.maximum ?? (schema.minimum ?? 0) + 100 }).map(String);
        if (schema.type === "number") return fc.integer({ min: -100, max: 100 }).map((n) => String(n / 4));
        if (schema.pattern) return fc.oneof(fc.constantFrom("0", "-1", "all"), fc.stringMatching(new RegExp(schema.pattern)));
        const text = fc.constantFrom(...harvested, ...(harvested.length ? [] : ["x"]));
        return parameter.name === "slice" ? fc.oneof(text, slices) : text;
    }

    /** Values that must be a 400, or null where any text may be meant. */
    invalid(parameter) {
        const schema = this.schemaOf(parameter);
        if (schema.enum) return wildText.filter((t) => !schema.enum.map(String).includes(t));
        if (schema.type === "integer") {
            const wrong = ["", "x", "1.5", "0x10", "9".repeat(30), "1 2"];
            if (schema.minimum !== undefined) wrong.push(String(schema.minimum - 1));
            if (schema.maximum !== undefined) wrong.push(String(schema.maximum + 1));
            return fc.constantFrom(...wrong);
        }
        if (schema.type === "number") return fc.constantFrom("", "x", "1..2", "nan", "inf", "1e999");
        if (schema.pattern) return wildText.filter((t) => !new RegExp(schema.pattern).test(t));
        return null;
    }

    schemaOf(parameter) {
        const schema = parameter.schema ?? {};
        return schema.$ref ? this.document.at(schema.$ref.slice(1))[1] : schema;
    }

    headers() {
        const one = fc.constantFrom(...Object.keys(HEADERS)).chain((name) =>
            fc.oneof(fc.constantFrom(...HEADERS[name]), fc.stringMatching(/^[ -~]{0,20}$/).map((t) => t.trim()))
                .map((value) => [name, value]));
        return fc.uniqueArray(one, { maxLength: 4, selector: ([name]) => name });
    }

    bodyFor(operation) {
        const damaged = fc.tuple(fc.constantFrom(...this.bodies), fc.nat(), fc.nat(255), fc.boolean()).map(([bytes, at, byte, cut]) => {
            const copy = Buffer.from(bytes);
            copy[at % copy.length] = byte;
            return cut ? copy.subarray(0, at % copy.length) : copy;
        });
        const kinds = [fc.constantFrom(...this.bodies), damaged, fc.json().map((t) => Buffer.from(t)),
                       fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)), fc.constant(null)];
        for (const type of Object.keys(operation.body?.content ?? {})) {
            const [pointer, media] = this.document.at(`${operation.pointer}/requestBody`);
            if (media.content[type].schema)
                kinds.push(fromSchema(this.document, `${pointer}/content/${type.replaceAll("/", "~1")}/schema`)
                    .map((value) => Buffer.from(JSON.stringify(value))));
        }
        return fc.oneof(...kinds);
    }

    place(operation) {
        const values = operation.in("path").map((p) =>
            fc.oneof({ weight: 4, arbitrary: p.name === "name" ? fc.constantFrom(...this.files) : this.valid(p) },
                     { weight: 1, arbitrary: wildText.filter((t) => t !== "") }));
        return fc.tuple(...values).map((texts) =>
            operation.in("path").reduce((at, p, i) => at.replace(`{${p.name}}`, encode(texts[i])), operation.path));
    }

    /** One to three parameters with values that are meant. */
    someValid(operation) {
        const query = operation.in("query");
        if (query.length === 0) return fc.constant([]);
        return fc.shuffledSubarray(query, { minLength: 0, maxLength: Math.min(3, query.length) })
            .chain((some) => fc.tuple(...some.map((p) => this.valid(p).map((value) => [p.name, value]))));
    }

    /** Requests with what is known of their answers: expect is a status, or null for any that is documented. */
    requests(operation) {
        const example = this.example(operation);
        const query = operation.in("query");
        const wrong = query.filter((p) => this.invalid(p));
        const single = query.filter((p) => this.schemaOf(p).type !== "array" || p.explode === false);
        // Values that are right whatever the body; which index or format it has is up to itself.
        const closed = query.filter((p) => !["index", "from"].includes(p.name) && (this.schemaOf(p).enum || this.schemaOf(p).type === "integer"));
        const without = (pairs, name) => pairs.filter(([n]) => n !== name);
        const kinds = [
            [3, example.map((r) => ({ ...r, kind: "an example", succeeds: true }))],
            [8, fc.tuple(example, this.someValid(operation)).map(([r, more]) => ({
                ...r, pairs: [...r.pairs.filter(([n]) => !more.some(([m]) => m === n)), ...more], kind: "valid" }))],
            [2, fc.tuple(example, fc.constantFrom("bogus", "Path", "to ", "slice[]", "\u00e9")).map(([r, name]) => ({
                ...r, pairs: [...r.pairs, [name, "1"]], kind: "an unknown parameter", expect: 400 }))],
            [2, fc.tuple(example, fc.constantFrom("TRACE", "PUT", "DELETE", "PATCH", "POST", "GET", "PROPFIND")
                .filter((m) => !operation.allowed().has(m))).map(([r, method]) => ({
                ...r, method, kind: "another method", expect: 405 }))],
            [1, example.map((r) => ({ ...r, method: "OPTIONS", body: null, kind: "OPTIONS", expect: 204 }))],
            [6, fc.tuple(example, this.headers()).map(([r, more]) => ({
                ...r, headers: [...r.headers.filter(([n]) => !more.some(([m]) => m === n)), ...more], kind: "other headers" }))],
            [4, fc.tuple(this.place(operation), fc.array(fc.tuple(fc.constantFrom("x", ...query.map((p) => p.name)), wildText), { maxLength: 3 }),
                         this.headers(), operation.body ? this.bodyFor(operation) : fc.constant(null)).map(([place, pairs, headers, body]) => ({
                method: operation.method, place, pairs, headers, body, kind: "wild" }))],
        ];
        if (operation.method === "GET")
            kinds.push([3, fc.tuple(example, this.someValid(operation)).map(([r, more]) => ({
                ...r, pairs: [...r.pairs.filter(([n]) => !more.some(([m]) => m === n)), ...more], kind: "HEAD", head: true }))]);
        if (operation.in("path").length > 0)
            kinds.push([3, fc.tuple(this.place(operation), this.someValid(operation), example).map(([place, pairs, r]) => ({
                ...r, place, pairs, kind: "another place" }))]);
        if (operation.body)
            kinds.push([6, fc.tuple(example, this.bodyFor(operation)).map(([r, body]) => ({ ...r, body, kind: "another body" }))]);
        if (wrong.length > 0)
            kinds.push([5, fc.tuple(example, fc.constantFrom(...wrong).chain((p) => this.invalid(p).map((v) => [p.name, v]))).map(
                ([r, pair]) => ({ ...r, pairs: [...without(r.pairs, pair[0]), pair], kind: "a wrong value", expect: 400 }))]);
        if (closed.length > 0)
            kinds.push([5, fc.tuple(example, fc.constantFrom(...closed).chain((p) => this.valid(p).map((v) => [p.name, v]))).map(
                ([r, pair]) => ({ ...r, pairs: [...r.pairs.filter(([n]) => n === "path"), pair], kind: "a value that is meant", taken: true }))]);
        if (single.length > 0)
            kinds.push([2, fc.tuple(example, fc.constantFrom(...single).chain((p) => this.valid(p).map((v) => [p.name, v]))).map(
                ([r, pair]) => ({ ...r, pairs: [...without(r.pairs, pair[0]), pair, pair], kind: "a parameter twice", expect: 400 }))]);
        return fc.oneof(...kinds.map(([weight, arbitrary]) => ({ weight, arbitrary }))).map((r) => this.finish(r));
    }

    finish({ place, pairs, ...rest }) {
        const query = queryOf(pairs);
        const target = this.base + (/^[!-~]*$/.test(place) ? place : encode(place));
        return { ...rest, pairs, target: query ? `${target}?${query}` : target };
    }
}
