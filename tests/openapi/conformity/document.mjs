// The document as the running server gives it: operations, with what they refer to, and schemas to hold answers against.
import SwaggerParser from "@apidevtools/swagger-parser";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const METHODS = ["get", "put", "post", "delete", "patch"];

const escaped = (step) => step.replaceAll("~", "~0").replaceAll("/", "~1");

export class Document {
    constructor(root) {
        this.root = root;
        this.ajv = new Ajv2020.default({ strict: false, allErrors: false });
        addFormats.default(this.ajv);
        this.ajv.addSchema(root, "document");
    }

    /** Holds the document against the OpenAPI schema, then takes it apart. */
    static async read(root) {
        await SwaggerParser.validate(structuredClone(root));
        return new Document(root);
    }

    /** What a pointer leads to, references followed: [pointer, part]. */
    at(pointer) {
        let part = this.root;
        for (const step of pointer.split("/").slice(1).map((s) => s.replaceAll("~1", "/").replaceAll("~0", "~")))
            part = part?.[step];
        return part?.$ref ? this.at(part.$ref.slice(1)) : [pointer, part];
    }

    /** Null, or what is wrong with a value. */
    fault(pointer, value) {
        const validate = this.ajv.getSchema("document#" + pointer);
        return validate(value) ? null : this.ajv.errorsText(validate.errors, { dataVar: "it" });
    }

    operations() {
        const found = [];
        for (const path of Object.keys(this.root.paths))
            for (const method of METHODS.filter((m) => this.root.paths[path][m]))
                found.push(new Operation(this, path, method));
        return found;
    }

    /** Headers that every answer may have. */
    common() {
        return this.root["x-common-headers"] ?? {};
    }
}

export class Operation {
    constructor(document, path, method) {
        this.document = document;
        this.path = path;
        this.method = method.toUpperCase();
        this.pointer = `/paths/${escaped(path)}/${method}`;
        this.content = document.at(this.pointer)[1];
        this.id = this.content.operationId;
        this.parameters = (this.content.parameters ?? []).map((_, i) => document.at(`${this.pointer}/parameters/${i}`)[1]);
        this.body = this.content.requestBody ? document.at(`${this.pointer}/requestBody`)[1] : null;
    }

    in(place) {
        return this.parameters.filter((p) => p.in === place);
    }

    /** The methods of the same path, HEAD and OPTIONS included. */
    allowed() {
        const methods = METHODS.filter((m) => this.document.root.paths[this.path][m]).map((m) => m.toUpperCase());
        return new Set([...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"]);
    }

    /** The response of a status: {pointer, part, explicit}, or null. */
    response(status) {
        const explicit = String(status) in this.content.responses;
        const [pointer, part] = this.document.at(`${this.pointer}/responses/${explicit ? status : "default"}`);
        return part ? { pointer, part, explicit } : null;
    }

    /** Null, or what is wrong with a body of that type. */
    bodyFault(response, type, value) {
        const [pointer, media] = this.document.at(`${response.pointer}/content/${escaped(type)}`);
        return media.schema ? this.document.fault(`${pointer}/schema`, value) : null;
    }

    headerFault(response, name, text) {
        const [pointer, header] = this.document.at(`${response.pointer}/headers/${name}`);
        const [, schema] = this.document.at(`${pointer}/schema`);
        const number = ["integer", "number"].includes(schema.type) && text !== "";
        return header.schema ? this.document.fault(`${pointer}/schema`, number ? Number(text) : text) : null;
    }
}
