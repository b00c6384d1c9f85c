/** Commands of shell blocks, as far as the documentation uses the language. */
import { blocks, pages, read } from "./pages.ts"

export interface Command {
  readonly page: string
  readonly line: number
  /** The text of one command, without comment and continuation lines. */
  readonly text: string
}

/** The words of a command. A word in quotes may contain spaces. */
export const words = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"))

/** Without the variables that are set for a command. */
export const withoutVariables = (text: string): string => text.replace(/^(?:[A-Z_]+=(?:"[^"]*"|\S*) +)+/, "")

const withoutComment = (line: string): string => line.replace(/(^|\s)#(?=\s).*$/, "").trim()

const commandsOf = (page: string, line: number, code: string): ReadonlyArray<Command> =>
  code
    .replaceAll(/\\\n\s*/g, (continuation) => continuation.replaceAll(/[^\n]/g, " ").replace("\n", "\u0000"))
    .split("\n")
    .flatMap((text, index) => {
      const command = withoutComment(text.replaceAll("\u0000", " "))
      return command === "" ? [] : [{ page, line: line + 1 + index, text: command.replaceAll(/\s+/g, " ") }]
    })

/** The commands of all `sh` blocks, in the order of the pages. */
export const commands = (): ReadonlyArray<Command> =>
  pages.flatMap((page) => blocks(page, "sh").flatMap(({ code, line }) => commandsOf(page, line, code)))

/** The examples in the help texts of `kimi`. */
export const kimiExamples = (): ReadonlyArray<Command> =>
  blocks("docs/cli.md", "text").flatMap(({ code, line, page }) => {
    const [help = "", examples = ""] = code.split("\nEXAMPLES\n")
    return commandsOf(page, line + help.split("\n").length + 1, examples.replaceAll(/^ {2}/gm, ""))
  })

/** Commands in the text of pages, such as `npm test`. */
export const inlineCommands = (): ReadonlyArray<Command> =>
  pages.flatMap((page) => {
    const text = read(page).replaceAll(/^```[\s\S]*?^```/gm, (code) => code.replaceAll(/[^\n]/g, " "))
    return [...text.matchAll(/`((?:kimi|npm|npx|node) [^`\n]+)`/g)].map(({ 1: command = "", index }) => ({
      page,
      line: text.slice(0, index).split("\n").length,
      text: command
    }))
  })

/** The single commands of a line with `&&` and `|` outside quotes. */
export const parts = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/(?:[^&|"']|"[^"]*"|'[^']*')+/g)].map(([part]) => part.trim())
