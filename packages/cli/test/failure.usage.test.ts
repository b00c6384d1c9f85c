/** Wrong usage of every command ends in one way: nothing was done, and nothing was sent. */
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { kimi } from "../src/kimi.ts"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const files = Effect.map(temporaryFolder, (folder) => {
  writeFileSync(join(folder, "in.jsonl"), '{ "messages": [{ "role": "user", "content": "Hi" }] }\n')
  writeFileSync(join(folder, "in.csv"), "text\nHi\n")
  writeFileSync(
    join(folder, "talk.json"),
    '{ "version": 1, "messages": [{ "role": "system", "content": "Whisper." }] }'
  )
  return folder
})

const wordsOf = (args: string, folder: string): ReadonlyArray<string> =>
  (args.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", "").replaceAll("DIR", folder))

/** Each with what the message names. DIR is a folder with files. */
const wrong: ReadonlyArray<readonly [args: string, named: string]> = [
  ["balance --jsn", "--jsn"],
  ["batch cancel", "target"],
  ["batch failed DIR/out.jsonl --tag BadTag", "--tag"],
  ["batch forget", "output"],
  ["batch list --jsn", "--jsn"],
  ["batch repair DIR/out.jsonl", "to"],
  ["batch resume batch-1", "needs a file"],
  ["batch resume DIR/out.jsonl DIR/other.jsonl", "its own file"],
  ["batch resume DIR/out.jsonl --poll x", "--poll"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --rows 0", "--rows"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --rerun BadTag", "--rerun"],
  ["batch run DIR/in.jsonl - --rerun TotalTimeoutError", "--rerun"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --mode host --window x", "--window"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --mode host --window '3 hours'", "--window"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --mode host --window '8 days'", "--window"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --window '1 day'", "--window"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --poll '1 second'", "--poll"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --mode host --poll x", "--poll"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --mode host --poll '0 seconds'", "--poll"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --deadline x", "--deadline"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --deadline '0 seconds'", "--deadline"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --mode host --deadline '3 hours'", "--deadline"],
  ["batch run DIR/in.jsonl - --mode host", "--mode"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --shared a --mode host", "--mode"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --shared a --deadline '1 day'", "--deadline"],
  ["batch run DIR/in.jsonl - --shared a", "--shared"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --shared a --rerun TotalTimeoutError", "--rerun"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --schema a", "--schema"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --system Hi", "--system"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --id-column a", "--id-column"],
  ["batch run DIR/in.csv DIR/out.jsonl", "--column or --template"],
  ["batch run DIR/in.csv DIR/out.jsonl --mode host", "--column or --template"],
  ["batch run DIR/in.csv DIR/out.jsonl --template none", "--template"],
  ["batch run DIR/in.csv DIR/out.jsonl --column text --template {text}", "--column"],
  ["batch run DIR/in.csv DIR/out.jsonl --column text --mode host --rows 2", "--rows"],
  ["batch run DIR/in.csv DIR/out.jsonl --column text --separator long", "--separator"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --format jsonl --separator ,", "--separator"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --format xml", "--format"],
  ["batch run DIR/in.jsonl DIR/./in.jsonl", "The output is the file of the input"],
  ["batch shared", "id"],
  ["batch shared ''", "id"],
  ["batch shared ' '", "id"],
  ["batch shared a --schema pg_team", "--schema"],
  ["batch shared a --schema information_schema", "--schema"],
  ["batch shared a --schema ''", "--schema"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --shared a --schema pg_team", "--schema"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --shared ''", "--shared"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --shared '' --mode host", "Missing value for flag --shared"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --column text --separator ;", "--separator"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --separator ; --mode host", "--separator"],
  ["batch run DIR/in.jsonl DIR/out.jsonl --separator ; --shared a", "--separator"],
  ["cost DIR/in.jsonl --separator ;", "--separator"],
  ["batch status", "target"],
  ["batch cancel ''", "target"],
  ["batch run DIR/in.jsonl ''", "output"],
  ["batch status ''", "target"],
  ["chat Hi --api-key-file ''", "--api-key-file"],
  ["chat Hi --file ''", "--file"],
  ["chat Hi --history ''", "--history"],
  ["chat Hi --history DIR/talk.json --system Shout.", "--system"],
  ["chat Hi --yes", "--mcp"],
  ["chat Hi --effort foo", "xhigh"],
  ["chat Hi --effort ''", "--effort"],
  ["chat Hi --max-tokens 0", "--max-tokens"],
  ["chat Hi --mcp none", "no terminal"],
  ["chat Hi --system ' '", "--system"],
  ["chat Hi --yes --mcp ''", "--mcp"],
  ["chat Hi --yes --mcp ' '", "--mcp"],
  ['chat Hi --yes --mcp "node', "--mcp: expected a command whose quotes are closed"],
  ["chat Hi --yes --mcp '\"\" a'", "--mcp"],
  ["chat", "no prompt"],
  ["config --set tier", "--set"],
  ["cost DIR/in.jsonl --output-tokens 0", "--output-tokens"],
  ["cost DIR/in.jsonl --text --system Hi", "--system"],
  ["cost DIR/in.csv", "--column or --template"],
  ["cost DIR/in.jsonl --system Hi", "--system"],
  ["cost DIR/in.csv --column text --template {text}", "--column"],
  ["doctor --jsn", "--jsn"],
  ["files delete", "id"],
  ["files delete ''", "id"],
  ["files get", "id"],
  ["files get ''", "id"],
  ["files list --purpose x", "--purpose"],
  ["files upload DIR/in.csv --purpose x", "--purpose"],
  ["models --jsn", "--jsn"],
  ["models --live --all", "--all"],
  ["replay", "cassette"],
  ["schema nothing", "Known: balance"],
  ["serve-mock --port 99999", "--port"],
  ["serve-mock --latency zz", "--latency"],
  ["serve-mock --token-delay zz", "--token-delay"],
  ["simulate --calls 0", "--calls"],
  ["simulate --calls 1000000000", "--calls"],
  ["simulate --calls 3 --traffic DIR/in.jsonl", "--calls"],
  ["simulate --duration soon", "--duration"],
  ["simulate --seed ''", "--seed"],
  ["simulate --duration '0 seconds'", "--duration"],
  ["simulate --outage soon", "--outage"],
  ["simulate --duration '1 minute' --outage '2 minutes'", "--outage"],
  ["swarm Hi --agents 0", "--agents"],
  ["swarm Hi --cost 5", "--cost"],
  ["swarm Hi --id a", "--id"],
  ["swarm Hi --schema a", "--schema"],
  ["swarm Hi --journal DIR/team.db --id ''", "--id"],
  ["swarm Hi --journal DIR/team.db --id ' '", "--id"],
  ["swarm Hi --journal postgres://user:word@127.0.0.1/a", "--journal"],
  ["swarm Hi --journal 'postgres://a b/c'", "--journal"],
  ["swarm Hi --journal 'sqlite: '", "--journal"],
  ["swarm Hi --journal file:", "--journal"],
  ["swarm Hi --journal mysql://user:word@127.0.0.1/a", "--journal"],
  ["swarm Hi --journal postgres://127.0.0.1/a --schema 'a b'", "--schema"],
  ["swarm Hi --journal postgres --schema pg_team", "--schema"],
  ["swarm Hi --journal DIR/team.db --schema a", "--schema: expected a --journal in PostgreSQL"],
  ["swarm cancel a", "--journal"],
  ["swarm cancel a --journal DIR/team.db --schema a", "--schema: expected a --journal in PostgreSQL"],
  ["swarm resume a --journal postgres --schema pg_team", "--schema"],
  ["swarm status '' --journal DIR/team.db", "id"],
  ["swarm resume a --journal DIR/team.db --cost 5", "--cost"],
  ["swarm status a", "--journal"],
  ["tokens", "no text"]
]

describe("wrong usage", () => {
  it.live.each(wrong)("is the category of kimi %s", ([args, named]) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = yield* files
        const { code, stderr, stdout } = yield* runKimi(wordsOf(args, folder), { env, stdin: "" })
        assert.deepStrictEqual([code, stdout], [2, ""], stderr)
        assert.include(stderr, named)
        assert.notInclude(stderr, "shows where each value comes from")
        assert.lengthOf(yield* server.requests, 0)
        assert.isFalse(existsSync(join(folder, "out.jsonl")), "an output was created")
      })
    )
  )

  it.live.each(["--rerun BadTag", "--mode host --window '3 hours'", "--separator long --column text"])(
    "is one JSON document for a batch with %s",
    (flags) =>
      withServer((_, env) =>
        Effect.gen(function* () {
          const folder = yield* files
          const args = wordsOf(`batch run DIR/in.csv DIR/out.jsonl --json ${flags}`, folder)
          const { stderr } = yield* runKimi(args, { env, stdin: "" })
          const { error } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "")
          assert.deepInclude(error, { tag: "UsageError", category: "usage", exitCode: 2 })
        })
      )
  )
})

describe("a value in another form", () => {
  it.live.each([
    ["batch run a b --rows abc", '--rows: "abc". Expected: a whole number'],
    ["batch run a b --rows 1.5", '--rows: "1.5". Expected: a whole number'],
    ["batch run a b --rows=", "--rows. Expected: a whole number"],
    ["batch run a b --error-rate x", '--error-rate: "x". Expected: a number'],
    ["serve-mock --port abc", '--port: "abc". Expected: a whole number'],
    ["config --set tier", '--set: "tier". Expected: the name of an option with its value, such as tier=2'],
    ["config --set =2", '--set: "=2". Expected: the name of an option with its value, such as tier=2']
  ] as const)("of kimi %s is described by what is expected", ([args, message]) =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runKimi(args.split(" "), { stdin: "" })
      assert.deepStrictEqual([code, stderr.split("\n")[1]?.replace(/^.* value for flag /, "")], [2, message])
    })
  )
})

describe("a key in the place of another value", () => {
  it.live.each([
    "chat Hi --set apiKey:KEY",
    "chat Hi --set 'apiKey KEY'",
    "chat Hi --set apiKey:OTHER",
    "chat Hi --set KEY",
    "chat Hi --max-tokens KEY",
    "chat Hi --effort KEY",
    "chat Hi --KEY",
    "chat Hi --file DIR/KEY",
    "chat Hi '-1 KEY'",
    "config --set KEY=2",
    "KEY"
  ])("is not repeated by kimi %s", (args) =>
    Effect.gen(function* () {
      const folder = yield* files
      const words = wordsOf(args, folder).map((word) =>
        word.replace("KEY", "sk-SECRET0123456789").replace("OTHER", "SECRET0123456789")
      )
      for (const flags of [[], ["--json"]]) {
        const { code, stderr } = yield* runKimi([...words, ...flags], { stdin: "" })
        assert.notStrictEqual(code, 0)
        assert.notStrictEqual(stderr, "")
        assert.notInclude(stderr, "SECRET")
      }
    })
  )

  it.live("leaves the name of a file that looks like the id of an account", () =>
    Effect.map(runKimi(["chat", "Hi", "--file", "proj-nightly1"], { stdin: "" }), ({ stderr }) =>
      assert.include(stderr, "proj-nightly1")
    )
  )
})

describe("a value that an option cannot have", () => {
  it.live.each([
    { origin: "its flag", args: "--tier 9", env: {} },
    { origin: "a flag without a text", args: "--budget ''", env: {} },
    { origin: "--set", args: "--set idleTimeout=soon", env: {} },
    { origin: "--set without a text", args: "--set budget=", env: {} },
    { origin: "a variable", args: "", env: { KIMI_TIER: "9" } },
    { origin: "a file", args: "--config DIR/kimi.json", env: {} },
    { origin: "a file of variables", args: "--dotenv DIR/kimi.env", env: {} }
  ])("ends with the code of the configuration if it is in $origin", ({ args, env: variables }) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const folder = yield* files
        writeFileSync(join(folder, "kimi.json"), '{ "kimi": { "tier": 9 } }')
        writeFileSync(join(folder, "kimi.env"), "KIMI_TIER=9\n")
        writeFileSync(join(folder, "out.jsonl"), "")
        writeFileSync(join(folder, "team.db"), "")
        for (const command of [
          "batch forget DIR/out.jsonl",
          "batch list",
          "batch run DIR/in.jsonl DIR/new.jsonl",
          "batch status DIR/out.jsonl",
          "chat Hi",
          "config",
          "cost DIR/in.jsonl",
          "doctor",
          "files list",
          "models",
          "swarm cancel a --journal DIR/team.db",
          "swarm status a --journal DIR/team.db",
          "tokens Hi"
        ]) {
          const words = wordsOf(`${command} ${args}`, folder)
          const { code, stderr } = yield* runKimi(words, { env: { ...env, ...variables }, stdin: "" })
          assert.strictEqual(code, 10, stderr)
          assert.include(stderr, "kimi config shows where each value comes from")
        }
      })
    )
  )
})

interface Named {
  readonly name: string
  readonly subcommands: ReadonlyArray<{ readonly commands: ReadonlyArray<Named> }>
}

const commandsIn = (command: Named, parents: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  command.subcommands.flatMap(({ commands }) =>
    commands.flatMap((one) => [[...parents, one.name].join(" "), ...commandsIn(one, [...parents, one.name])])
  )

describe("the table of wrong usage", () => {
  it("has every command", () => {
    const missing = commandsIn(kimi).filter((name) => !wrong.some(([args]) => `${args} `.startsWith(`${name} `)))
    assert.deepStrictEqual(missing, [])
  })
})
