/** The sidebar, read from the tables of the index, so that both list the same pages in the same order. */
import { readFileSync } from "node:fs"
import type { DefaultTheme } from "vitepress"

const titleOf = (text: string): string => {
  const title = text.replaceAll("`", "")
  return title[0] === undefined ? title : title[0].toUpperCase() + title.slice(1)
}

/** One group for each table whose first cell is its name, one item for each link to a page in its rows. */
export const sidebar = (index: string): Array<DefaultTheme.SidebarItem> =>
  readFileSync(index, "utf8")
    .split("\n\n")
    .filter((block) => block.startsWith("| "))
    .map((table) => {
      const [head = "", ...rows] = table.split("\n")
      const links = rows.flatMap((row) => [...row.matchAll(/\[([^\]]+)\]\(([^)]+)\.md\)/g)])
      return {
        text: titleOf(head.split("|")[1]?.trim() ?? ""),
        items: links.map(([, text = "", path = ""]) => ({ text: titleOf(text), link: `/${path}` }))
      }
    })
