/** What a server of `--mcp` does not get, and what messages do not print of it. */
import { type UsageError, wrongFlag } from "./commandError.ts"
import { read } from "./commandWords.ts"

/** Keys of hosts, all options, and the addresses and passwords of stores. A server may need any other, such as GITHUB_TOKEN. */
export const isSecret = (name: string): boolean =>
  /^(?:KIMI_|MOONSHOT_)|API_?KEY$|^(?:DATABASE_URL|REDIS_URL|PGPASSWORD)$/i.test(name)

/** The variables that are removed from the environment of a server. */
export const removed = (names: ReadonlyArray<string>): Record<string, undefined> =>
  Object.fromEntries(names.filter(isSecret).map((name) => [name, undefined]))

export const isUrl = (server: string): boolean => /^\s*https?:/i.test(server)

/** A text without the users and passwords of its URLs. */
export const withoutUsers = (text: string): string => text.replaceAll(/(:\/\/)[^\s/?#"']*@/g, "$1")

/** A text without the queries of its URLs, which may have tokens. */
export const withoutQueries = (text: string): string => text.replaceAll(/(https?:\/\/[^\s?#"']*)[?#][^\s"']*/gi, "$1")

const hasUser = ({ password, username }: URL): boolean => username !== "" || password !== ""

/** What is wrong with a server. The message does not have it: what cannot be read as a URL may have a password too. */
export const wrongServer = (server: string): UsageError | undefined => {
  if (!isUrl(server)) {
    return read(server).isWhole
      ? undefined
      : wrongFlag("--mcp", "a command whose quotes are closed, with a character after each backslash")
  }
  const url = URL.parse(server)
  if (url === null) return wrongFlag("--mcp", "a command in one argument, or an http or https URL")
  return hasUser(url)
    ? wrongFlag("--mcp", "a URL without a user or a password: no secrets on the command line")
    : undefined
}
