//! Settings of quotas: all faults at once.

use crate::support::program::Folder;

#[test]
fn faults_are_told_at_once_with_what_to_write() {
    let folder = Folder::with_books();
    folder.write(
        "oponn.toml",
        "[quota]\nrequests = '600'\npoints = '10/500ms'\nfailures = 'unlimited'\nshared = true\nrequest = '1/1m'\n\
         trusted_proxies = ['proxy.example']\n[[quota.roles]]\nrole = 'a'\nrequests = '1/1m'\n\
         [[quota.roles]]\nrole = 'a'\npoints = 'no'\n[[quota.roles]]\nname = 'b'\n",
    );
    let ran = folder.run(&["check"]);
    for part in [
        "`quota.requests` in oponn.toml is `600`; it has to be an amount and a time such as `600/1m`",
        "`quota.points` in oponn.toml is `10/500ms`",
        "`quota.failures` in oponn.toml is `unlimited`",
        "`quota.request` in oponn.toml is not a setting; did you mean `quota.requests`",
        "`quota.trusted_proxies`",
        "a list of addresses and networks such as `10.0.0.0/8`",
        "`quota.roles[1].points`",
        "`quota.roles[1].role` is that of another table",
        "`quota.roles[2].role` in oponn.toml is missing",
        "`quota.roles[2].requests` in oponn.toml is missing, and so is `points`",
        "`quota.roles[2].name`",
        "`[[quota.roles]]` is for nobody without `[auth]`",
        "`quota.shared` is true, and `cache` is `memory:`",
    ] {
        ran.assert(2, "", part);
    }
}

#[test]
fn a_table_that_bounds_nothing_is_a_fault() {
    let folder = Folder::with_books();
    for (text, part) in [
        ("[quota]\n", "`[quota]` bounds nothing"),
        ("[quota]\ntrusted_proxies = ['10.0.0.0/8']\n", "`[quota]` bounds nothing"),
        ("[quota]\nfailures = '1/1m'\n", "`quota.failures` bounds nothing without `[auth]`"),
    ] {
        folder.write("oponn.toml", text);
        folder.run(&["check"]).assert(2, "", part);
    }
    folder.write("oponn.toml", "[quota]\nrequests = '1/31d'\ntrusted_proxies = ['10.1.2.3', 'fd00::/8']\n");
    folder.run(&["check"]).assert(0, "no faults", "");
}
