"""Full disks, planted links, things in the way: a clear message, nothing truncated, and the next run converges."""

import os

import pytest

import program
import set_up

SITE = f"/etc/nginx/mailinabox/sites/{set_up.HOST_NAME}.conf"


def failing(box, *words, code=1):
    done = program.call(box, "setup")
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    for word in words:
        assert word in said, said
    return said


def converges(box):
    program.setup(box)
    assert program.plan(box)["changes"] == []


@pytest.mark.parametrize("directory, broken, free_blocks", [
    ("/etc/postfix", "postconf -e smtpd_banner=drifted", 0),
    ("/etc/nginx", "echo '# drift' >> /etc/nginx/nginx.conf", 0),
    (f"{set_up.STORAGE}/ssl", f"rm {set_up.STORAGE}/ssl/ssl_certificate.pem {set_up.STORAGE}/ssl/*-selfsigned-*.pem", 0),
    ("/var/lib/mailinabox", "chmod 0600 /etc/mailname; echo x > /etc/mailname", 0),
    ("/var/lib/mailinabox", "chmod 0600 /etc/mailname; echo x > /etc/mailname", 1),  # full after the journal has begun
])
def test_disk_full(box, directory, broken, free_blocks):
    """A file system that is full to its last blocks stands at the directory; what was there is copied into it."""
    box.run(f"""set -e; {broken}; mkdir -p /mnt/full; mount -t tmpfs -o size=8m tmpfs /mnt/full
cp -a {directory}/. /mnt/full/; mount --bind /mnt/full {directory}
dd if=/dev/zero of=/mnt/full/ballast bs=4k 2>/dev/null || true
truncate -s -{4096 * free_blocks} /mnt/full/ballast""", shell="bash")
    before = box.run(f"cd {directory}; find . -type f ! -name ballast -exec sha256sum {{}} + | sort").stdout
    try:
        failing(box, "No space left on device", code=5)
        after = box.run(f"cd {directory}; find . -type f ! -name ballast ! -path './journal*' -exec sha256sum {{}} + | sort").stdout
        assert set(after.splitlines()) <= set(before.splitlines()), "a file was truncated or half written"
    finally:
        box.run(f"rm -f /mnt/full/ballast; umount {directory}; umount /mnt/full")
    converges(box)


def test_directory_where_a_file_should_be(box):
    box.run("rm /etc/mailname; mkdir -p /etc/mailname/inside")
    failing(box, "/etc/mailname")
    assert os.path.isdir(box.path("/etc/mailname/inside")), "what stood there was not destroyed"
    box.run("rm -r /etc/mailname")
    converges(box)


def test_read_only_file_in_the_way(box):
    """What cannot be replaced is named; recipes that do not need it go on; when it is out of the way the rest follows."""
    box.run(f"touch /root/other; mount --bind /root/other {SITE}; "
            f"mount -o remount,ro,bind {SITE}; postconf -e smtpd_banner=drifted")
    try:
        failing(box, SITE, "nginx")
        assert "drifted" not in box.run("postconf smtpd_banner").stdout, "an independent recipe went on"
    finally:
        box.run("umount " + SITE)
    converges(box)


def test_clock_moved_back(box):
    """It is said, nothing breaks, and with the right time again the next run makes everything valid again."""
    box.run("apt-get update; apt-get install -y faketime; rm /etc/mailname", timeout=120)
    last = program.history(box)[-1]["generation"]
    done = box.run("faketime", "2019-01-01 00:00:00", "mailinabox", "setup", "--json", timeout=300,
                   env={"NONINTERACTIVE": "1", "NO_FAKE_STAT": "1"})
    assert "clock says 2019-01-01" in done.stderr, done.stderr
    assert program.history(box)[-1]["generation"] == last + 1, "generations are numbered, not dated"
    converges(box)
    assert box.run("openssl", "x509", "-checkend", "86400", "-noout", "-in",
                   f"{set_up.STORAGE}/ssl/ssl_certificate.pem", check=False).returncode == 0


def _least_memory(box):
    """Address space in KB with which the program can just say its version: what any run has to have."""
    low, high = 1_000, 4_000_000
    while high - low > 250:
        middle = (low + high) // 2
        done = box.run(f"ulimit -v {middle}; exec mailinabox --version", shell="bash", check=False)
        low, high = (low, middle) if done.returncode == 0 else (middle, high)
    return high


def test_out_of_memory(box):
    """With less and less memory a run fails with a message, never with half a file; the next one finishes the job."""
    said, least = "", _least_memory(box)
    for more in (100_000, 30_000, 15_000, 8_000, 4_000, 2_000, 1_000, 500, 0):
        box.run("echo drift > /etc/mailname; postconf -e smtpd_banner=drifted")
        done = box.run(f"ulimit -v {least + more}; exec mailinabox setup", shell="bash", check=False, timeout=300,
                       env={"NONINTERACTIVE": "1"})
        said += f"{least} + {more} KB: {done.returncode}\n{done.stderr}"
        # 127: the loader had none; -6: not even the exception found any, before anything was begun.
        assert done.returncode in (0, 1, 127, -6), said
        assert "mistake in the program" not in done.stderr, said
        assert box.read("/etc/mailname").strip() in ("drift", set_up.HOST_NAME), said
    assert "out of memory" in said.lower(), f"no limit was low enough to matter:\n{said}"
    converges(box)


def test_planted_link_is_replaced_not_followed(box):
    box.run("echo precious > /root/precious; ln -sf /root/precious /etc/mailname")
    program.setup(box)
    assert box.read("/root/precious") == "precious\n"
    assert not os.path.islink(box.path("/etc/mailname"))
    assert box.read("/etc/mailname").strip() == set_up.HOST_NAME


def test_a_service_whose_start_hangs_is_given_up_on(box):
    box.run("""mkdir -p /etc/systemd/system/postgrey.service.d
printf '[Service]\\nExecStartPre=/bin/sleep 300\\n' > /etc/systemd/system/postgrey.service.d/hang.conf
systemctl daemon-reload; systemctl stop postgrey; chmod 0600 /etc/mailname""", shell="bash")
    try:
        said = failing(box, "postgrey", "time")
        assert oct(os.stat(box.path("/etc/mailname")).st_mode)[-3:] == "644", f"the rest went on:\n{said}"
    finally:
        box.run("rm -r /etc/systemd/system/postgrey.service.d; systemctl daemon-reload; systemctl stop postgrey")
    converges(box)


def test_dpkg_cut_off_is_finished_first(box):
    box.run("sed -i '/^Package: postgrey$/,/^$/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status")
    result = program.setup(box)
    assert result["result"] == "ok"
    status = box.run("dpkg-query -W -f '${db:Status-Status}' postgrey").stdout
    assert status == "installed"
    converges(box)


def test_two_runs_at_once(box):
    """The second one waits and says for whom; with --no-wait it ends at once."""
    holder = box.run("""chmod 0600 /etc/mailname; systemctl stop postgrey
mkdir -p /etc/systemd/system/postgrey.service.d
printf '[Service]\\nExecStartPre=/bin/sleep 3\\n' > /etc/systemd/system/postgrey.service.d/slow.conf; systemctl daemon-reload
(NONINTERACTIVE=1 mailinabox setup > /root/first.log 2>&1; echo $? > /root/first.code) > /dev/null 2>&1 &
for i in $(seq 100); do [ -s /run/mailinabox.lock ] && break; sleep 0.05; done; cat /run/mailinabox.lock""", shell="bash").stdout
    done = program.call(box, "setup", "--no-wait")
    assert done.returncode == 4 and "mailinabox setup" in done.stderr, program.told(done)
    assert holder.split()[0] in done.stderr, "the message names the process"
    waiting = program.call(box, "setup")
    assert waiting.returncode == 0 and "Waiting for another run" in waiting.stderr, program.told(waiting)
    box.run("rm -r /etc/systemd/system/postgrey.service.d; systemctl daemon-reload")
    assert box.read("/root/first.code").strip() == "0"
