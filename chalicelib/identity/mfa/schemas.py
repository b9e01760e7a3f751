"""What the endpoints of second factors take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chalicelib.identity.accounts import Password
from chalicelib.identity.factors import NewFactor
from chalicelib.identity.sessions import SecondFactorCode
from chalicelib.platform.http import Characters, RequestModel, ResponseModel

AppCode = Annotated[str, Characters(6, 6, pattern="^[0-9]{6}$"), Field(examples=["482913"])]


class TotpSetup(ResponseModel):
    """Shown once. ``secret``: base32; ``otpauthUri``: what a QR code carries; ``recoveryCodes``: for paper."""

    secret: str = Field(examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    otpauth_uri: str = Field(examples=["otpauth://totp/Pathshala:asha@example.in?secret=JBSWY3DPEHPK3PXP"])
    recovery_codes: list[str] = Field(examples=[["K7PQ2RWX9M"]])


class TotpConfirmRequest(RequestModel):
    """The first code of the app."""

    code: AppCode


class MfaVerifyRequest(RequestModel):
    """What the sign-in answered, and the code: six digits of the app, or a recovery code."""

    mfa_token: Annotated[str, Characters(1, 64), Field(examples=["Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0GaPe2Uo8Iw1Kq0"])]
    code: SecondFactorCode


class TotpRemoveRequest(RequestModel):
    """Password and code, both once more."""

    password: Password
    code: SecondFactorCode


class RecoveryCodesRequest(RequestModel):
    """A code, to have new recovery codes."""

    code: SecondFactorCode


class RecoveryCodes(ResponseModel):
    """Shown once; those from before are dead."""

    recovery_codes: list[str] = Field(examples=[["K7PQ2RWX9M"]])


class MfaResetRequest(RequestModel):
    """Why; kept in the audit trail."""

    reason: Annotated[str, Characters(3, 500)]


def setup_of(new: NewFactor) -> TotpSetup:
    """The answer that shows a new factor."""
    return TotpSetup(secret=new.secret, otpauth_uri=new.uri, recovery_codes=new.recovery_codes)
