#!/bin/sh
# Makes the package as others do: pack.sh dh-virtualenv|dpkg-deb|fpm
# /shared has the project, the wheels, fpm with what it needs, and the folder "made", where the package goes.
set -eu
rm -rf /tmp/work
mkdir -p /tmp/work

make_environment() {
	python3 -m venv /tmp/work/opt/site
	/tmp/work/opt/site/bin/pip install --quiet --no-index --find-links=/shared/wheels \
		--requirement /shared/site/project/requirements.txt
	cp -r /shared/site/project /tmp/project
	/tmp/work/opt/site/bin/pip install --quiet --no-index --find-links=/shared/wheels /tmp/project
	rm -rf /tmp/project
}

case $1 in
dh-virtualenv)
	cp -r /shared/site/project /tmp/work/site
	cd /tmp/work/site
	dpkg-buildpackage --no-sign --build=binary
	mv /tmp/work/site_*.deb /shared/made/
	;;
dpkg-deb)
	make_environment
	mkdir /tmp/work/DEBIAN
	cp /shared/site/control /tmp/work/DEBIAN/
	dpkg-deb --root-owner-group --build /tmp/work /shared/made/site_1.0.0_amd64.deb
	;;
fpm)
	make_environment
	cd /shared/fpm
	ruby -I fpm/lib -I ruby-arr-pm/lib -I pleaserun/lib fpm/bin/fpm \
		-s dir -t deb -n site -v 1.0.0 -C /tmp/work -p /shared/made opt
	;;
esac
