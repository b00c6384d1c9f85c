/**
 * Whether the result of a command is JSON, also of a command line that cannot be
 * parsed, and on a version of Node that can load nothing else.
 */

const truths: ReadonlySet<string> = new Set(["true", "yes", "on", "1", "y"])

/** What follows -- are no flags. */
export const beforeEnd = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return args.slice(0, end === -1 ? args.length : end)
}

export const wantsJson = (args: ReadonlyArray<string>): boolean =>
  beforeEnd(args).some(
    (arg) => arg === "--json" || (arg.startsWith("--json=") && truths.has(arg.slice("--json=".length)))
  )
