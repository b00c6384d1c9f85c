/**
 * Fails when a link of the built site leads nowhere: to a page or a file that
 * was not built, or to an anchor that its page does not have. VitePress checks
 * the pages before it renames them, and TypeDoc writes its pages afterwards.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { fileURLToPath } from "node:url"

const dist = fileURLToPath(new URL(".vitepress/dist", import.meta.url))
const base = process.env.SITE_BASE ?? "/"
const pages = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith(".html"))
const textOf = new Map(pages.map((page) => [page, readFileSync(join(dist, page), "utf8")]))

const withoutScripts = (text) => text.replaceAll(/<script[\s\S]*?<\/script>/g, "")
const unescaped = (text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'")

const anchors = new Map()
const anchorsOf = (page) => {
  const known =
    anchors.get(page) ??
    new Set([...textOf.get(page).matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => unescaped(id)))
  anchors.set(page, known)
  return known
}

/** The file of an address: `/errors` is `errors.html`, and `/` is `index.html`. */
const fileOf = (path) => {
  const candidates = path === "" || path.endsWith("/") ? [`${path}index.html`] : [path, `${path}.html`]
  return candidates.find((file) => (file.endsWith(".html") ? textOf.has(file) : existsSync(join(dist, file))))
}

const problems = new Set()
let count = 0
for (const [page, text] of textOf) {
  for (const [, , escaped] of withoutScripts(text).matchAll(/\s(href|src)="([^"]*)"/g)) {
    const link = unescaped(escaped)
    if (/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(link)) continue
    count += 1
    const [address = "", anchor = ""] = link.split("#")
    const path = address.split("?")[0]
    const isOutside = path.startsWith("/") && !path.startsWith(base)
    const target = path.startsWith("/")
      ? path.slice(base.length)
      : posix.join(posix.dirname(page), path).replace(/^\.\/?$/, "")
    const file = isOutside ? undefined : path === "" ? page : fileOf(target)
    if (file === undefined) problems.add(`${page}: ${link} leads nowhere`)
    else if (anchor !== "" && textOf.has(file) && !anchorsOf(file).has(decodeURIComponent(anchor))) {
      problems.add(`${page}: ${file} has no anchor #${anchor}`)
    }
  }
}

process.stdout.write([...problems].map((problem) => `  ${problem}\n`).join(""))
process.stdout.write(`${count} links in ${pages.length} pages, ${problems.size} of them dead\n`)
process.exit(problems.size === 0 && count > 0 ? 0 : 1)
