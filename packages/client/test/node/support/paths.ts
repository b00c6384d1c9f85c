/** Paths that a store must not use, and what is there afterwards. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { folder } from "./files.ts"

/** Everything below a folder, with its contents. */
const contentsOf = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const path = join(root, name)
      const stats = lstatSync(path)
      if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`
      return stats.isFile() ? `${name} ${stats.mode} ${stats.mtimeMs} ${readFileSync(path, "hex")}` : `${name}/`
    })

const writeDatabase = (path: string, ...statements: ReadonlyArray<string>): void => {
  const db = new DatabaseSync(path)
  for (const statement of statements) db.exec(statement)
  db.close()
}

/** Wrong paths of a file, by name. Each gets an empty folder and returns the path. */
export const wrongFiles: Readonly<Record<string, (root: string) => string>> = {
  "a folder": (root) => {
    mkdirSync(join(root, "mine"))
    return join(root, "mine")
  },
  "a text file": (root) => {
    writeFileSync(join(root, "mine.txt"), "my notes\n".repeat(2_000), { mode: 0o644 })
    return join(root, "mine.txt")
  },
  "a short file": (root) => {
    writeFileSync(join(root, "mine.txt"), "my notes\n")
    return join(root, "mine.txt")
  },
  "a database": (root) => {
    writeDatabase(join(root, "mine.db"), "CREATE TABLE accounts (name TEXT)", "INSERT INTO accounts VALUES ('me')")
    return join(root, "mine.db")
  },
  "a database with views only": (root) => {
    writeDatabase(join(root, "mine.db"), "CREATE VIEW ones AS SELECT 1")
    return join(root, "mine.db")
  },
  "an empty database with an application id": (root) => {
    writeDatabase(join(root, "mine.db"), "PRAGMA application_id = 77")
    return join(root, "mine.db")
  },
  "a damaged database": (root) => {
    const path = join(root, "mine.db")
    writeDatabase(path, "CREATE TABLE accounts (name TEXT)")
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xff, 100, 4_000))
    return path
  },
  "a symbolic link to a file": (root) => {
    writeFileSync(join(root, "mine.txt"), "")
    symlinkSync(join(root, "mine.txt"), join(root, "link"))
    return join(root, "link")
  },
  "a symbolic link to nothing": (root) => {
    symlinkSync(join(root, "none"), join(root, "link"))
    return join(root, "link")
  },
  "a path below a file": (root) => {
    writeFileSync(join(root, "mine.txt"), "my notes")
    return join(root, "mine.txt", "store.db")
  }
}

/** Wrong paths of a folder. */
export const wrongFolders: Readonly<Record<string, (root: string) => string>> = {
  "a file": (root) => {
    writeFileSync(join(root, "mine.txt"), "my notes")
    return join(root, "mine.txt")
  },
  "a folder with a file": (root) => {
    mkdirSync(join(root, "mine"))
    writeFileSync(join(root, "mine", "notes.txt"), "my notes")
    return join(root, "mine")
  },
  "a folder with files that are named like entries": (root) => {
    const name = `ab${"0".repeat(62)}`
    mkdirSync(join(root, "mine", "ab"), { recursive: true })
    writeFileSync(join(root, "mine", "ab", name), "my backup")
    return join(root, "mine")
  },
  "a folder with a folder for temporary files": (root) => {
    mkdirSync(join(root, "mine", "writing"), { recursive: true })
    writeFileSync(join(root, "mine", "writing", "essay.txt"), "my essay")
    return join(root, "mine")
  },
  "a symbolic link to a folder": (root) => {
    mkdirSync(join(root, "mine"))
    symlinkSync(join(root, "mine"), join(root, "link"))
    return join(root, "link")
  },
  "a path below a file": (root) => {
    writeFileSync(join(root, "mine.txt"), "my notes")
    return join(root, "mine.txt", "cache")
  }
}

/** A wrong path, and everything around it. */
export const place = (arrange: (root: string) => string) =>
  Effect.map(folder, (root) => {
    const path = arrange(root)
    return { path, contents: () => contentsOf(root) }
  })
