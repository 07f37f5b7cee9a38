// One request at a time over a connection that lives on, sent byte for byte as it was made.
import http from "node:http";

export class Client {
    constructor(url) {
        this.url = new URL(url);
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    }

    send({ method, target, headers = [], body = null }) {
        const all = [["Host", this.url.host], ...headers];
        if (body) all.push(["Content-Length", String(body.length)]);
        return new Promise((resolve, reject) => {
            const request = http.request(
                {
                    host: this.url.hostname, port: this.url.port, agent: this.agent, method, path: target,
                    headers: all.flat(), timeout: 60000,
                },
                (answer) => {
                    const pieces = [];
                    answer.on("data", (piece) => pieces.push(piece));
                    answer.on("error", reject);
                    answer.on("end", () =>
                        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }));
                });
            request.on("timeout", () => request.destroy(new Error("no answer within a minute")));
            request.on("error", reject);
            request.end(body ?? undefined);
        });
    }

    close() {
        this.agent.destroy();
    }
}
