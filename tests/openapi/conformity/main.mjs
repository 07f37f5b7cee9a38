// main.mjs PROGRAM PROJECT [--runs N] [--seed N] [--mutate]: generated requests for every operation of the document that the
// program serves, each answer held against it. --mutate: the same with documents that are wrong, each of which must be noticed.
import fc from "fast-check";
import { parseArgs } from "node:util";

import { check, checkHead } from "./check.mjs";
import { Client } from "./client.mjs";
import { Document } from "./document.mjs";
import { Generator } from "./generate.mjs";
import { MUTATIONS } from "./mutations.mjs";
import { Server } from "./server.mjs";

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        runs: { type: "string", default: "150" }, seed: { type: "string", default: "20261128" }, mutate: { type: "boolean" },
        only: { type: "string" }, base: { type: "string", default: "" },
    },
});
const [program, project] = positionals;

function show({ method, target, headers, body, kind }) {
    const more = headers.map(([name, value]) => `-H '${name}: ${value}'`).join(" ");
    return `${kind}: ${method} ${target} ${more}${body ? ` with ${body.length} bytes ${JSON.stringify(body.toString("latin1").slice(0, 60))}` : ""}`;
}

/** Counts answers by operation and status. */
class Tally {
    rows = new Map();
    count = 0;
    add(id, status) {
        const row = this.rows.get(id) ?? this.rows.set(id, new Map()).get(id);
        row.set(status, (row.get(status) ?? 0) + 1);
        this.count++;
    }
    print() {
        for (const [id, row] of this.rows)
            console.log(id.padEnd(16), [...row].sort((a, b) => a[0] - b[0]).map(([status, n]) => `${status}: ${n}`).join("  "));
    }
}

/** Null, or what is wrong and the smallest request that shows it. */
async function drive(operation, generator, client, server, tally, runs, seed) {
    const changes = operation.method !== "GET" && operation.in("path").length > 0;
    const property = fc.asyncProperty(generator.requests(operation), async (request) => {
        if (changes) server.restore(); // each request finds the same files
        const answer = await client.send(request);
        tally.add(operation.id, answer.status);
        check(operation, request, answer);
        if (request.head) {
            const head = await client.send({ ...request, method: "HEAD" });
            tally.add(operation.id, head.status);
            checkHead(answer, head, operation.id === "metrics");
        }
    });
    const result = await fc.check(property, { numRuns: runs, seed, interruptAfterTimeLimit: 240000, markInterruptAsFailure: false });
    if (!result.failed) return null;
    return `${operation.id}: ${result.errorInstance?.message ?? result.error}\n    ${show(result.counterexample[0])}`;
}

async function driveAll(root, server, runs, tally, only) {
    const document = await Document.read(root);
    const operations = document.operations();
    const client = new Client(server.url);
    const base = root.servers[0].url === "/" ? "" : root.servers[0].url;
    const generator = new Generator(document, operations, project, base);
    const faults = [];
    for (const operation of operations.filter((o) => !only || o.id === only)) {
        server.restore();
        const fault = await drive(operation, generator, client, server, tally, runs, Number(values.seed));
        if (fault) faults.push(fault);
    }
    client.close();
    return faults;
}

async function run(root, server) {
    const tally = new Tally();
    const faults = await driveAll(root, server, Number(values.runs), tally, values.only);
    tally.print();
    console.log(`${tally.count} requests, ${tally.rows.size} operations, seed ${values.seed}`);
    for (const [id, row] of tally.rows)
        if (![...row.keys()].some((status) => status < 400)) faults.push(`${id}: nothing succeeded`);
    return faults;
}

async function mutate(root, server) {
    const faults = await driveAll(root, server, 30, new Tally()); // as it is, nothing is wrong
    for (const [what, [where, change]] of Object.entries(MUTATIONS)) {
        const copy = structuredClone(root);
        change(copy);
        const noticed = await driveAll(copy, server, 200, new Tally(), where);
        console.log(`${what}: ${noticed[0]?.split("\n")[0] ?? "not noticed"}`);
        if (noticed.length === 0) faults.push(`not noticed: ${what}`);
    }
    return faults;
}

const server = await Server.start(program, project, ...(values.base ? ["--base-path", values.base] : []));
const root = await (await fetch(`${server.url}${values.base}/openapi.json`)).json();
const faults = await (values.mutate ? mutate : run)(root, server);
const code = await server.stop();
if (code !== 0) faults.push(`the server ended with ${code}: ${server.said}`);
for (const fault of faults) console.log(`\n${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
