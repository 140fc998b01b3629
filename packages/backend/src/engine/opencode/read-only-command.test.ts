import { describe, expect, test } from 'vitest'
import { isReadOnlyCommand } from './read-only-command.ts'

describe('commands that ask nobody', () => {
  test.each([
    'ls',
    'ls -la src',
    'cat src/cart.js',
    'head -n 20 README.md',
    'git status --short',
    'git diff HEAD~1 -- src/a.ts',
    'git log --oneline main..HEAD',
    'git show HEAD^:src/a.ts',
  ])('%s', (line) => expect(isReadOnlyCommand(line)).toBe(true))

  test.each([
    '',
    'node --test',
    'ls | cat > src/a.js',
    'ls > out.txt',
    'cat a; rm -rf b',
    'cat a && rm b',
    'cat a\nrm b',
    'cat $(touch x)',
    'cat `touch x`',
    'cat <(touch x)',
    'X=1 ls',
    'cat /etc/passwd',
    'cat ../secret',
    'cat src/../../secret',
    'cat ~/.ssh/id_ed25519',
    'cat .env',
    'cat config/.env.local',
    'cat "a b"',
    'ls *',
    'tail -f log',
    'wc --files0-from=list',
    'git diff --output=src/a.js',
    'git diff --output src/a.js',
    'git diff --ext-diff',
    'git log --textconv',
    'git commit -m x',
    'git -c core.pager=evil log',
    'git --git-dir=/other status',
    'git checkout .',
    'env ls',
  ])('not: %s', (line) => expect(isReadOnlyCommand(line)).toBe(false))
})
