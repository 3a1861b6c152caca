"""People are let in: the first owner of an account, those who come later, and whoever signs in."""

import hmac

from kolli.account.sessions import Session, end_sessions_of
from kolli.account.sign_ins import by_address, by_name, check_may_try, count_failure, forget_failures
from kolli.account.users import (
    Role,
    User,
    add_user,
    check_name,
    check_password,
    find_by_name,
    hashed,
    is_right,
    set_password,
)
from kolli.errors import Invalid, Unauthenticated
from kolli.operations.context import Installation

CODE_LENGTH = 24


def set_up_code(installation: Installation) -> str:
    """What whoever becomes the first owner has to know: it is printed where the server runs, and nowhere else."""
    return installation.vault.marks(b"set-up of the panel")[0][:CODE_LENGTH]


def is_set_up_code(code: str, installation: Installation) -> bool:
    """Whether this is the set-up code."""
    return hmac.compare_digest(code.strip().encode(), set_up_code(installation).encode())


def check_set_up_code(code: str, installation: Installation) -> None:
    """Raises Invalid when this is not the set-up code."""
    if not is_set_up_code(code, installation):
        raise Invalid(
            "This is not the set-up code. The server prints it when it starts, and so does `kolli users set-up-code`.",
            field="code",
        )


def let_in(account_id: int, name: str, role: Role, password: str, installation: Installation) -> User:
    """Makes a person known; Invalid, naming the field, when the name or the password will not do."""
    name = check_name(name)
    check_password(password, name)
    user = User(installation.sequences.take_id(), account_id, name, role, installation.clock())
    password_hash = hashed(password)
    with installation.database.write() as transaction:
        add_user(transaction, user, password_hash)
    return user


def change_password(user: User, password: str, installation: Installation, *, besides: Session | None = None) -> None:
    """Gives a person another password, and signs them out everywhere but in one session; Invalid when it will not do.

    Both at once: no session outlives the password that it was begun with.
    """
    check_password(password, user.name)
    password_hash = hashed(password)
    with installation.database.write() as transaction:
        set_password(transaction, user, password_hash)
        end_sessions_of(transaction, user, besides=besides)


def recognised(name: str, password: str, caller: str, installation: Installation) -> User:
    """Whoever has this name and this password; Unauthenticated when nobody has, LimitReached after too many tries.

    A name that nobody has, and one that is shut out, are refused in the same words and the same time.
    """
    keys = [by_name(name), by_address(caller)]
    now = installation.clock()
    with installation.database.read() as transaction:
        check_may_try(transaction, keys, now)
        found = find_by_name(transaction, name)
    is_good = is_right(password, found[1] if found and found[0].disabled_at is None else None)
    with installation.database.write() as transaction:
        if is_good:
            forget_failures(transaction, keys[:1])
        else:
            count_failure(transaction, keys, now)
    if found is None or not is_good:
        raise Unauthenticated("The name or the password is wrong.", field="password")
    return found[0]
