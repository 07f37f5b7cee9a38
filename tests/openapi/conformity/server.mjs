// The program under test, with a folder of its own that is put right before requests that may change it.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export class Server {
    static async start(program, project, ...more) {
        const server = new Server();
        server.samples = path.join(project, "samples");
        server.folder = fs.mkdtempSync(path.join(os.tmpdir(), "mandoline-conformity-"));
        server.restore();
        server.child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--data", server.folder, "--log", "off", ...more],
                             { stdio: ["ignore", "ignore", "pipe"] });
        server.said = "";
        server.ended = new Promise((resolve) => server.child.on("exit", (code, signal) => resolve(signal ?? code)));
        server.child.stderr.on("data", (piece) => (server.said += piece));
        for (let i = 0; i < 3000 && !server.url; i++) {
            server.url = server.said.match(/http:\/\/[\d.]+:\d+/)?.[0];
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        if (!server.url) throw new Error(`the server did not start: ${server.said}`);
        return server;
    }

    /** The folder is that of the samples again. */
    restore() {
        for (const name of fs.readdirSync(this.folder)) fs.rmSync(path.join(this.folder, name), { recursive: true });
        for (const name of fs.readdirSync(this.samples)) {
            const copy = path.join(this.folder, name);
            fs.copyFileSync(path.join(this.samples, name), copy);
            fs.chmodSync(copy, 0o644);
        }
    }

    /** Its exit status once it was told to end. */
    async stop() {
        this.child.kill("SIGTERM");
        const code = await this.ended;
        fs.rmSync(this.folder, { recursive: true });
        return code;
    }
}
