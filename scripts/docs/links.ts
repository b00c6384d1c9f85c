/**
 * Links between pages lead to files and headings that exist. Links to other
 * sites cannot be followed without a network: their form is checked, and their
 * hosts are those of a list.
 */
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { pages, read, root, withoutCode } from "./pages.ts"

/** The sites that pages link to. */
const hosts = new Set([
  "ai-sdk.dev",
  "docs.langchain.com",
  "docs.litellm.ai",
  "effect.website",
  "github.com",
  "platform.kimi.ai",
  "platform.kimi.com",
  "reference.langchain.com",
  "standardschema.dev",
  "typedoc.org",
  "vercel.com",
  "vitepress.dev"
])

/** The anchor that GitHub and the site give to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set([...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)))

const internal = (page: string): ReadonlyArray<string> => {
  const text = withoutCode(read(page))
  const missing = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].filter(
    ([, target = ""]) => !existsSync(resolve(root, page, "..", target))
  )
  const anchors = [...text.matchAll(/\]\(([^)#:\s]*)#([^)]*)\)/g)].flatMap(([, target = "", anchor = ""]) => {
    const path = target === "" ? page : join(page, "..", target)
    return path.endsWith(".md") && existsSync(join(root, path)) && !anchorsOf(path).has(anchor)
      ? [`${page}: ${path} has no heading #${anchor}`]
      : []
  })
  return [...missing.map(([, target]) => `${page}: the link ${target} is broken`), ...anchors]
}

const external = (page: string, link: string): ReadonlyArray<string> => {
  const url = URL.parse(link)
  if (url?.protocol !== "https:" || url.username !== "" || url.port !== "") return [`${page}: ${link} is no https URL`]
  if (!hosts.has(url.hostname)) return [`${page}: ${link} is not of a host in scripts/docs/links.ts`]
  if (/[<>{}…]/.test(link)) return [`${page}: ${link} has a placeholder`]
  const [, path] = /^https:\/\/github\.com\/kimi-effect\/kimi-effect\/(?:blob|tree)\/main\/([^#]+)/.exec(link) ?? []
  return path === undefined || existsSync(join(root, path)) ? [] : [`${page}: the repository has no ${path}`]
}

/** Links of the form `[text][name]`, of which each has a definition, and each definition a link. */
const references = (page: string): ReadonlyArray<string> => {
  const text = withoutCode(read(page)).replaceAll(/`[^`]*`/g, "")
  const used = new Set([...text.matchAll(/\]\[([\w-]+)\]/g)].map(([, name = ""]) => name))
  const defined = new Set([...text.matchAll(/^\[([\w-]+)\]: /gm)].map(([, name = ""]) => name))
  return [
    ...[...used].filter((name) => !defined.has(name)).map((name) => `${page}: the link [${name}] has no definition`),
    ...[...defined].filter((name) => !used.has(name)).map((name) => `${page}: nothing links to [${name}]`)
  ]
}

export const checkLinks = (): ReadonlyArray<string> =>
  pages.flatMap((page) => {
    const text = withoutCode(read(page))
    const links = [...text.matchAll(/\]\((\w+:[^)\s]+)\)/g), ...text.matchAll(/^\[[\w-]+\]: (\S+)$/gm)]
    return [...internal(page), ...references(page), ...links.flatMap(([, link = ""]) => external(page, link))]
  })
