"""A second PostgreSQL that follows a first one, and takes its place when it dies."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from .postgres import USER, DatabaseServer, Postgres
from .waiting import eventually


class Standby(Postgres):
    """A streaming standby of a running primary, of the same binaries. Raises PostgresError."""

    def __init__(self, primary: Postgres) -> None:
        super().__init__(durable=True, binaries=primary.binaries)
        self.primary = primary
        self.settings, self.password = dict(primary.settings), primary.password

    def make_cluster(self) -> None:
        """Copy the primary over its socket; --write-recovery-conf makes the copy follow it."""
        place = ["-h", self.primary.folder, "-p", str(self.primary.port), f"--username={USER}"]
        self.run("pg_basebackup", "-D", self.data, *place, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def make_synchronous(self) -> None:
        """From now on the primary's commits wait until this standby has them on its disk."""
        with self.primary.connection() as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            statement = "SELECT sync_state FROM pg_stat_replication"
            eventually(lambda: connection.execute(statement).fetchall() == [("sync",)], because="the standby follows")

    def follows(self) -> bool:
        with self.primary.connection() as connection:
            return bool(connection.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'").fetchall())

    def lose_sight(self) -> None:
        """Disconnect from the primary, which continues: from now on the standby lags."""
        with self.connection() as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
            connection.execute("SELECT pg_reload_conf()")
        eventually(lambda: not self.follows(), because="the primary has no follower")

    def promote(self) -> None:
        """Become the primary; returns when writes are accepted."""
        with self.connection() as connection:
            connection.execute("SELECT pg_promote(true, 60)")


def both(primary: Postgres, standby: Postgres) -> DatabaseServer:
    """Both servers as one address: clients are connected to the one that accepts writes."""
    parts = urlsplit(primary.url)
    second = urlsplit(standby.url).netloc.rpartition("@")[2]
    query = "target_session_attrs=read-write&connect_timeout=3"
    return DatabaseServer(urlunsplit(parts._replace(netloc=f"{parts.netloc},{second}", query=query)))
