/** How messages name a server of `--mcp`, whose command line or URL may have secrets. */
import { redactSecrets } from "@kimi-effect/core/internal/Secrets"
import { wordsOf } from "./commandWords.ts"
import { isUrl, withoutQueries, withoutUsers } from "./mcpServer.ts"

const isAssignment = (word: string): boolean => /^\w+=/.test(word)
const isFlag = (word: string): boolean => word.startsWith("-")

/** Flags without a value, and those whose value is the server. */
const beforeServer = /^(?:-[yqim]|--(?:yes|quiet|interactive|rm|silent)|-jar)$/
const isScript = (word: string): boolean => /\.(?:[cm]?[jt]sx?|py|rb|jar|sh)$/.test(word)

/** Whether a word is no value of a flag, which may be a secret. */
const isArgument = (word: string, before: string): boolean =>
  !isFlag(word) && !isAssignment(word) && (!isFlag(before) || beforeServer.test(before) || isScript(word))

/** The program and its first argument, mostly a script or a package: any later word may be a secret. */
const commandName = (server: string): string => {
  const words = wordsOf(server)
  const isOfEnv = /(?:^|[\\/])env$/.test(words[0] ?? "")
  const start = words.findIndex((word, at) => !isAssignment(word) && !isFlag(word) && !(isOfEnv && at === 0))
  const [program = "", ...args] = words.slice(Math.max(start, 0))
  const argument = args.find((word, at) => isArgument(word, args[at - 1] ?? ""))
  return argument === undefined ? program : `${program} ${argument}`
}

/** The server in messages. */
export const nameOf = (server: string): string =>
  redactSecrets(withoutQueries(withoutUsers(isUrl(server) ? server.trim() : commandName(server))))

const isSecretName = (name: string): boolean => /key|token|secret|pass|auth|credential|header/i.test(name)

/** The values in a command whose names are those of secrets, which its server may write. */
export const secretsOf = (server: string): ReadonlyArray<string> => {
  const words = wordsOf(server)
  return words.flatMap((word, at) => {
    const [, name = "", value] = /^(-*[\w-]+)=(.*)$/s.exec(word) ?? []
    if (value !== undefined) return isSecretName(name) ? [value] : []
    const before = words[at - 1] ?? ""
    return isFlag(before) && isSecretName(before) && !isFlag(word) ? [word] : []
  })
}
