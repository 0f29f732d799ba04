"""What becomes of this repository's texts on the site of the documentation."""

from __future__ import annotations

import textwrap

from ansible_collections.fleet.codex.docs.site.pages import playbook_page, with_links, without_topics

REPOSITORY = "https://git.example.com/fleet.codex"
PAGES = {"README.md": "index", "docs/install.md": "install", "roles/codex/README.md": "role"}


def linked(text: str, path: str = "docs/fleet.md") -> str:
    return with_links(text, path, PAGES, REPOSITORY)


def test_a_link_to_a_page_leads_there_and_keeps_its_anchor() -> None:
    assert linked("[a](install.md) [b](install.md#pip)") == "[a](install.md) [b](install.md#pip)"
    assert linked("[the\nrole](../roles/codex/README.md#variables)") == "[the\nrole](role.md#variables)"
    assert linked("[a](../../README.md)", "roles/codex/README.md") == "[a](index.md)"
    assert linked("[a](docs/install.md)", "README.md") == "[a](install.md)"


def test_a_link_to_what_is_no_page_leads_to_the_repository() -> None:
    assert linked("[a](../LICENSE)") == f"[a]({REPOSITORY}/blob/main/LICENSE)"
    assert linked("[a](../extensions/molecule/#x)") == f"[a]({REPOSITORY}/blob/main/extensions/molecule#x)"


def test_other_links_and_code_stay() -> None:
    text = "[a](https://example.com/install.md) [b](#pip)\n\n```yaml\n- [a](../LICENSE)\n```\n"
    assert linked(text) == text
    assert linked("```sh\na\n```\n[a](../LICENSE)\n").endswith(f"[a]({REPOSITORY}/blob/main/LICENSE)\n")


def test_the_changelog_loses_its_own_contents_alone() -> None:
    changelog = textwrap.dedent("""\
        # Release Notes

        **Topics**

        - <a href="#v0-2-0">v0\\.2\\.0</a>
            - <a href="#bugfixes">Bugfixes</a>

        <a id="v0-2-0"></a>
        ## v0\\.2\\.0

        <a id="bugfixes"></a>
        ### Bugfixes

        * A sentence\\.
        """)
    assert without_topics(changelog) == "# Release Notes\n\n## v0\\.2\\.0\n\n### Bugfixes\n\n* A sentence\\.\n"


def test_the_page_of_a_playbook_is_its_header_comment() -> None:
    playbook = textwrap.dedent("""\
        ---
        # Logs hosts in with fleet.codex.codex, as `codex --login` does, and writes
        # CODEX_HOME and ~/.codex.
        #
        #   ansible-playbook fleet.codex.login \\
        #     -e codex_hosts=web
        #
        # codex_hosts   the hosts (default: all)
        # codex_report  a file: a|b,
        #               or auth.json
        #
        # It ends with codex_result.
        - name: Log in
          # no part of it
          hosts: all
        """)
    assert playbook_page("login", playbook, REPOSITORY) == textwrap.dedent(f"""\
        # login playbook

        Logs hosts in with `fleet.codex.codex`, as `codex --login` does, and writes `CODEX_HOME` and `~/.codex`.

        ```console
        $ ansible-playbook fleet.codex.login \\
          -e codex_hosts=web
        ```

        ## Variables

        | Variable | Meaning |
        |---|---|
        | `codex_hosts` | the hosts (default: all) |
        | `codex_report` | a file: a\\|b, or `auth.json` |

        It ends with `codex_result`.

        [The playbook itself]({REPOSITORY}/blob/main/playbooks/login.yml) is in the repository.
        """)
