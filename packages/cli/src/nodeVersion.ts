/**
 * The versions of Node that the command needs. An older one cannot load the rest of
 * the program, so that this module and the entry use nothing that it does not have.
 */

/** The oldest version, as `engines` of the package has it. */
export const oldest = "22.19"

/** What is wrong with an older version. */
export const problemOf = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [leastMajor = 0, leastMinor = 0] = oldest.split(".").map(Number)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
    ? undefined
    : `kimi needs Node ${oldest} or newer; this is Node ${version}`
}

/** What an older version prints in place of the command: a line, or the JSON document of an error as `report` writes it. */
export const refusalOf = (message: string, isJson: boolean): string => {
  const hint = `Install Node ${oldest} or newer, or run the command with one that is installed.`
  return isJson
    ? JSON.stringify({ error: { tag: "CommandError", category: "other", message, hint, exitCode: 1 } })
    : message
}
