/** What the process of an MCP server has written to stderr, and how it has ended. */
import { redactSecrets } from "@kimi-effect/core/internal/Secrets"
import { isSecret, withoutQueries, withoutUsers } from "./mcpServer.ts"
import * as Output from "./output.ts"

const maxCharacters = 4096
const maxLines = 8
const maxLineLength = 200
/** Shorter values are words. */
const minSecretLength = 6

/** Values of the environment that the server has, or of this process, and that must not be printed. */
const secrets = (environment: { readonly [name: string]: string | undefined }): ReadonlyArray<string> =>
  Object.entries(environment).flatMap(([name, value = ""]) =>
    value.length >= minSecretLength && (isSecret(name) || /KEY|TOKEN|SECRET|PASS|CREDENTIAL/i.test(name)) ? [value] : []
  )

/** The place of an error in the code of the server. */
const isStackLine = (line: string): boolean => /^\s+at /.test(line)

const cut = (line: string): string => (line.length > maxLineLength ? `${line.slice(0, maxLineLength)}…` : line)

export class ServerOutput {
  exitCode: number | undefined
  #text = ""
  #isCut = false
  readonly #decoder = new TextDecoder()
  readonly #secrets: ReadonlyArray<string>

  /** Secrets of the command of the server are not printed either. */
  constructor(secrets: ReadonlyArray<string> = []) {
    this.#secrets = secrets.filter(({ length }) => length >= minSecretLength)
  }

  add(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true })
    if (this.#text.length <= maxCharacters) return
    this.#text = this.#text.slice(-maxCharacters)
    this.#isCut = true
  }

  /** What is added to an error of the server; an empty text if nothing is known. */
  get reason(): string {
    const lines = this.#lines()
    const code = this.exitCode === undefined ? "" : `; it has exited with code ${this.exitCode}`
    if (lines.length === 0) return code
    return `${code}${code === "" ? "; it" : " and"} has written:\n${lines.map((line) => `  ${line}`).join("\n")}`
  }

  #lines(): ReadonlyArray<string> {
    // The first line may begin within an escape sequence, or within a key.
    const start = this.#isCut ? this.#text.indexOf("\n") : -1
    const text = this.#isCut && start === -1 ? "" : this.#text.slice(start + 1)
    let shown = Output.plain(text)
    for (const secret of [...this.#secrets, ...secrets(process.env)]) shown = shown.replaceAll(secret, "<redacted>")
    return withoutQueries(withoutUsers(redactSecrets(shown)))
      .split("\n")
      .filter((line) => line.trim() !== "" && !isStackLine(line))
      .slice(-maxLines)
      .map((line) => cut(line.trimEnd()))
  }
}
