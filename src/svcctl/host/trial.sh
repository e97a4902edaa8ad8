# Installs, reinstalls, removes and purges a package in a throw-away system, and says what is not as it has to be.
#
# Called by mmdebstrap, with the folder of that system; see trial.py for what it writes, and for the variables:
# SVCCTL_TRIAL_FOLDER has package.deb and, if an application is to be loaded, the words of that command, each ended
# by a null byte; SVCCTL_TRIAL_PACKAGE is the package's name.
set -eu
export LC_ALL=C.UTF-8

root=$1
folder=$SVCCTL_TRIAL_FOLDER
package=$SVCCTL_TRIAL_PACKAGE
deb=/tmp/package.deb

tell() {
	printf 'tell: %s\n' "$1"
}

# problem TEXT [WHAT WAS SAID]
problem() {
	printf 'problem: %s\n' "$1"
	if [ -n "${2:-}" ]; then
		printf '%s\n' "$2" | tail -n 25 | sed 's/^/said: /'
	fi
}

inside() {
	timeout 900 chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@" </dev/null 2>&1
}

# attempt TEXT COMMAND...: the text says what was attempted.
attempt() {
	text=$1
	shift
	said=$(inside "$@") || {
		problem "$text failed" "$said"
		return 1
	}
}

# silent TEXT COMMAND...: what the command says is a problem, whatever its status.
silent() {
	text=$1
	shift
	said=$(inside "$@") || true
	if [ -n "$said" ]; then
		problem "$text" "$said"
	fi
}

# apt TEXT ARGUMENT...: then asks dpkg whether anything is half done.
apt() {
	tell "$1"
	text=$1
	shift
	attempt "$text" \
		apt-get --yes --quiet --no-install-recommends --option Dpkg::Use-Pty=false "$@" || return 1
	silent "after $text, dpkg --audit is not content" dpkg --audit
}

# All files but those that apt, dpkg and the administration of users change by themselves.
list() {
	(cd "$root" && find . -xdev \( -path ./dev -o -path ./proc -o -path ./sys -o -path ./tmp \
		-o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/cache/apt -o -path ./var/cache/debconf \
		-o -path ./var/cache/ldconfig -o -path ./var/log/apt \) -prune \
		-o -path ./etc/.pwd.lock -o -path './etc/passwd-' -o -path './etc/group-' -o -path './etc/shadow-' \
		-o -path './etc/gshadow-' -o -path './etc/subuid-' -o -path './etc/subgid-' \
		-o -path ./var/log/dpkg.log -o -path ./var/log/alternatives.log \
		-o -printf '%p (%M %u:%g)\n') | sort
}

load() {
	tell "loading the application"
	report=$(timeout 120 xargs --null --arg-file="$folder/command" \
		chroot --userspec=nobody:nogroup "$root" env -i 3>&1 >"$root/tmp/said" 2>&1 </dev/null) || true
	if [ -n "$report" ]; then
		printf 'report: %s\n' "$report"
	else
		problem "the application does not load" "$(cat "$root/tmp/said")"
	fi
}

cp "$folder/package.deb" "$root$deb"
chmod 644 "$root$deb"
depends=$(inside dpkg-deb --field "$deb" Depends)
apt "installing what the package depends on" satisfy "$depends" || exit 0
list >"$root/tmp/before"

apt "installing the package" install "$deb" || exit 0
silent "a file is not as it was packed" dpkg --verify "$package"
if [ -h "$root/usr/lib/$package/bin/python3" ]; then
	attempt "starting the package's Python" "/usr/lib/$package/bin/python3" -I -c pass || true
fi
if [ -e "$folder/command" ]; then
	load
fi
apt "reinstalling the package" install --reinstall "$deb" || true
apt "removing the package" remove "$package" || true
apt "installing the removed package" install "$deb" || true
apt "purging the package" purge "$package" || exit 0

list >"$root/tmp/after"
changed=$(diff "$root/tmp/before" "$root/tmp/after" | sed -n 's/^> /more: /p; s/^< /less: /p')
if [ -n "$changed" ]; then
	problem "after the purge, the files are not as before" "$changed"
fi
