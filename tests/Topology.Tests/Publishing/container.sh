# What a container gives a program, without a container runtime: a file system that nobody can write to apart from /tmp,
# a user without rights, and only what the image and the kernel bring. In a mount namespace of its own:
#   unshare --mount --propagation private sh container.sh ROOT APP DOTNET USER COMMAND...
# ROOT is an empty folder to build the file system on, APP the image's own files, DOTNET the runtime's folder, USER an id.
set -eu
umask 022
root=$1 app=$2 dotnet=$3 user=$4
shift 4

show() {
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir app dev dotnet etc home home/app proc tmp usr
# The libraries and tools of this machine stand in for those of the image.
for path in bin lib lib64 sbin; do
    if [ -L "/$path" ]; then
        cp -P "/$path" "$path"
    elif [ -d "/$path" ]; then
        mkdir "$path"
        show "/$path" "$path"
    fi
done
show /usr usr
show /etc etc
show /dev dev
show "$app" app
show "$dotnet" dotnet
mount --bind /proc proc
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
mount -o remount,ro,mode=755 tmpfs "$root"
exec chroot . setpriv --reuid "$user" --regid "$user" --clear-groups --bounding-set=-all --no-new-privs env -C /app "$@"
