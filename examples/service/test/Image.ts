/** Runs the command of the image with the files that it copies, with volumes that change as those of Kubernetes do. */
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as manifests from "./manifests.ts"

const service = new URL("../", import.meta.url).pathname

export interface Options {
  /** The host to call. */
  readonly baseUrl: string
  /** Replaces options of the config map. */
  readonly kimi?: object
  /** Replaces variables of the deployment. */
  readonly env?: Record<string, string>
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** A folder as the kubelet mounts it: the files are links into `..data`, a link that is replaced as a whole. */
class Volume {
  readonly folder: string
  readonly file: string
  #version = 0

  constructor(folder: string, file: string, text: string) {
    this.folder = folder
    this.file = file
    mkdirSync(folder, { recursive: true })
    this.write(text)
    symlinkSync(join("..data", file), join(folder, file))
  }

  write(text: string): void {
    const version = `..${++this.#version}`
    mkdirSync(join(this.folder, version))
    writeFileSync(join(this.folder, version, this.file), text)
    symlinkSync(version, join(this.folder, "..new"))
    renameSync(join(this.folder, "..new"), join(this.folder, "..data"))
  }
}

/** The output of the program so far, and what waits for more of it. */
class Output {
  text = ""
  readonly #waiting = new Map<string, () => void>()

  add(part: string): void {
    this.text += part
    for (const [awaited, resume] of this.#waiting) if (this.text.includes(awaited)) resume()
  }

  /** Completes when the program has written a text. */
  includes(awaited: string): Effect.Effect<void> {
    return Effect.promise(
      () =>
        new Promise<void>((resolve) => (this.text.includes(awaited) ? resolve() : this.#waiting.set(awaited, resolve)))
    )
  }
}

/** Starts the image, and stops it when the scope closes. */
export const start = Effect.fnUntraced(function* ({ baseUrl, env, kimi }: Options) {
  const [port, operationsPort] = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
  const root = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "chat-service-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )
  const app = join(root, "app")
  for (const file of manifests.files) {
    if (file !== "package-lock.json") cpSync(join(service, file), join(app, file), { recursive: true })
  }
  symlinkSync(join(service, "node_modules"), join(app, "node_modules"))

  const textOf = (options: object) => JSON.stringify({ kimi: { ...manifests.document.kimi, ...kimi, ...options } })
  const config = new Volume(join(root, "config"), "kimi.json", textOf({}))
  const secret = new Volume(join(root, "secret"), "kimi.env", "KIMI_API_KEY=sk-first\n")

  const output = new Output()
  const [command = "", ...args] = manifests.command
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(command, args, {
        cwd: app,
        env: {
          PATH: process.env["PATH"],
          ...manifests.environment(root),
          SERVICE_HOST: "127.0.0.1",
          SERVICE_PORT: `${port}`,
          SERVICE_OPERATIONS_PORT: `${operationsPort}`,
          KIMI_BASE_URL: baseUrl,
          KIMI_LIMITS: "memory",
          KIMI_BUDGET_STORE: "memory",
          ...env
        }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  child.stdout.on("data", (bytes) => output.add(`${bytes}`))
  child.stderr.on("data", (bytes) => output.add(`${bytes}`))
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve))
  yield* Effect.raceFirst(
    output.includes(`Listening on http://127.0.0.1:${port}`),
    Effect.andThen(
      Effect.promise(() => exited),
      Effect.suspend(() => Effect.die(new Error(`The service did not start:\n${output.text}`)))
    )
  )
  return {
    url: `http://127.0.0.1:${port}`,
    operations: `http://127.0.0.1:${operationsPort}`,
    output,
    /** Changes options in the config map. */
    configure: (options: object) => Effect.sync(() => config.write(textOf(options))),
    /** Changes the key in the secret. */
    setKey: (key: string) => Effect.sync(() => secret.write(`KIMI_API_KEY=${key}\n`)),
    terminate: Effect.sync(() => child.kill("SIGTERM")),
    exitCode: Effect.promise(() => exited)
  }
})

export type Image = Effect.Success<ReturnType<typeof start>>
