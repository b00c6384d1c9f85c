import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, key } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

describe("kimi config", () => {
  it.live("names the origin of each value", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const [json, dotEnv, keyFile] = ["kimi.json", ".env", "key"].map((name) => join(folder, name)) as [
        string,
        string,
        string
      ]
      writeFileSync(json, JSON.stringify({ kimi: { tier: 2, idleTimeout: "9 seconds" } }), { mode: 0o600 })
      writeFileSync(dotEnv, "KIMI_CACHE=memory\nKIMI_IDLE_TIMEOUT=8 seconds\n", { mode: 0o600 })
      writeFileSync(keyFile, `${key}\n`, { mode: 0o600 })
      const files = ["--config", json, "--dotenv", dotEnv, "--api-key-file", keyFile]
      const { stdout } = yield* runKimi(["config", "--json", "--max-attempts", "2", ...files], {
        env: { KIMI_MODEL: "kimi-k2.6" }
      })
      const origins = Object.fromEntries(decoded("config", stdout).options.map(({ name, origin }) => [name, origin]))
      assert.deepStrictEqual(origins, {
        apiKey: `file ${keyFile}`,
        model: "environment (KIMI_MODEL)",
        idleTimeout: `file ${dotEnv} (KIMI_IDLE_TIMEOUT)`,
        maxAttempts: "flag --max-attempts",
        tier: `file ${json} (kimi.tier)`,
        cache: `file ${dotEnv} (KIMI_CACHE)`
      })
    })
  )

  it.live.each([
    ["an absolute XDG_CONFIG_HOME", (path: string) => path, "from XDG"],
    ["HOME for a relative XDG_CONFIG_HOME", (path: string) => relative(process.cwd(), path), "from HOME"]
  ] as const)("reads the file of %s", ([, baseOf, expected]) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      for (const [base, model] of [
        ["xdg", "from XDG"],
        ["home/.config", "from HOME"]
      ] as const) {
        mkdirSync(join(folder, base, "kimi"), { recursive: true })
        const text = JSON.stringify({ kimi: { model } })
        writeFileSync(join(folder, base, "kimi/config.json"), text, { mode: 0o600 })
      }
      const env = { HOME: join(folder, "home"), XDG_CONFIG_HOME: baseOf(join(folder, "xdg")) }
      const { stdout } = yield* runKimi(["config", "--json"], { env })
      assert.deepStrictEqual(
        decoded("config", stdout).options.map(({ value }) => value),
        [expected]
      )
    })
  )

  it.live.skipIf(process.platform === "win32")("refuses a pipe in place of a file", () =>
    Effect.gen(function* () {
      const pipe = join(yield* temporaryFolder, "pipe")
      assert.strictEqual(spawnSync("mkfifo", [pipe]).status, 0)
      const { code, stderr } = yield* runKimi(["config", "--dotenv", pipe])
      assert.strictEqual(code, 1)
      assert.include(stderr, `${pipe} cannot be read: it is a pipe`)
    })
  )

  it.live.each(["config", "config --json"])("hides a key in the place of a model in kimi %s", (args) =>
    Effect.map(runKimi(args.split(" "), { env: { KIMI_MODEL: key } }), ({ stdout }) => {
      assert.include(stdout, "<redacted>")
      assert.notInclude(stdout, key)
    })
  )

  it.live("hides every secret", () =>
    Effect.map(
      runKimi(["config", "--all"], {
        env: {
          KIMI_API_KEY: key,
          KIMI_CACHE: `redis://user:${key}@localhost:6379`,
          KIMI_PROXY: `http://user:${key}@proxy:8080`,
          KIMI_HEADERS: `{"x-team":"${key}"}`,
          KIMI_REDIS_PASSWORD: key,
          KIMI_FALLBACK: `[{"provider":"together","apiKey":"${key}"}]`
        }
      }),
      ({ code, stderr, stdout }) => {
        assert.strictEqual(code, 0)
        assert.notInclude(stdout + stderr, key)
      }
    )
  )

  for (const args of [
    ["--set", `apiKey=${key}`],
    ["--proxy", `http://user:${key}@proxy:8080`],
    ["--fallback", `[{"provider":"together","apiKey":"${key}"}]`]
  ]) {
    it.live(`refuses a secret after ${args[0]}`, () =>
      Effect.map(runKimi(["config", ...args]), ({ code, stderr, stdout }) => {
        assert.strictEqual(code, 10)
        assert.include(stderr, "no secrets on the command line: use KIMI_")
        assert.notInclude(stdout + stderr, key)
      })
    )
  }

  it.live("lists every option that cannot be used", () =>
    Effect.map(runKimi(["config", "--tier", "9", "--set", "idleTimeout=never"]), ({ code, stderr }) => {
      assert.strictEqual(code, 10)
      assert.include(stderr, "--tier")
      assert.include(stderr, "--set idleTimeout")
    })
  )
})
