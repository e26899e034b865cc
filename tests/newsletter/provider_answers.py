"""What providers answer when they do not simply take a message, in their own words."""

from typing import Any

from newsletter.mail.outcomes import Kind

REFUSED, DEFERRED = Kind.REFUSED, Kind.DEFERRED
IN_DOUBT, BROKEN = Kind.IN_DOUBT, Kind.BROKEN

# provider, HTTP status, body, what it means, whether the address is to be suppressed
ANSWERS: list[tuple[str, int, Any, Kind, bool]] = [
    # 200 and yet no
    (
        "sparkpost",
        200,
        {"results": {"total_accepted_recipients": 0, "total_rejected_recipients": 1, "id": "m"}},
        REFUSED,
        True,
    ),
    (
        "mailersend",
        202,
        {
            "message": "There are some warnings",
            "warnings": [
                {
                    "type": "ALL_SUPPRESSED",
                    "recipients": [{"email": "alice@example.org", "reason": ["hard_bounced"]}],
                }
            ],
        },
        REFUSED,
        True,
    ),
    (
        "postmark",
        200,
        {
            "ErrorCode": 0,
            "Message": "Message OK, but will not deliver to these inactive addresses: "
            "alice@example.org. Inactive recipients are ones that have generated a bounce.",
            "MessageID": "m",
            "To": "alice@example.org",
        },
        REFUSED,
        True,
    ),
    # the recipient
    (
        "postmark",
        422,
        {
            "ErrorCode": 406,
            "Message": "You tried to send to a recipient that has been marked as inactive.\n"
            "Found inactive addresses: alice@example.org.\nInactive recipients are ones that",
        },
        REFUSED,
        True,
    ),
    (
        "postmark",
        422,
        {"ErrorCode": 300, "Message": "Invalid 'To' address: 'alice@example.org'."},
        REFUSED,
        True,
    ),
    (
        "mailgun",
        400,
        {"message": "to parameter is not a valid address. please check documentation"},
        REFUSED,
        True,
    ),
    (
        "brevo",
        400,
        {"code": "invalid_parameter", "message": "email is not valid in to"},
        REFUSED,
        True,
    ),
    (
        "resend",
        422,
        {
            "statusCode": 422,
            "name": "validation_error",
            "message": "Invalid `to` field. It needs to follow the `email@example.com` format.",
        },
        REFUSED,
        True,
    ),
    (
        "mailersend",
        422,
        {
            "message": "The to.0.email must be a valid email address.",
            "errors": {"to.0.email": ["The to.0.email must be a valid email address."]},
        },
        REFUSED,
        True,
    ),
    (
        "mailjet",
        400,
        {
            "Messages": [
                {
                    "Status": "error",
                    "Errors": [
                        {
                            "ErrorIdentifier": "x",
                            "ErrorCode": "mj-0013",
                            "StatusCode": 400,
                            "ErrorMessage": '"not an address" is an invalid email address.',
                            "ErrorRelatedTo": ["To[0].Email"],
                        }
                    ],
                }
            ]
        },
        REFUSED,
        True,
    ),
    # us
    (
        "postmark",
        422,
        {
            "ErrorCode": 400,
            "Message": "The 'From' address you supplied is not a Sender Signature on your account.",
        },
        BROKEN,
        False,
    ),
    ("mailgun", 404, "Domain not found: example.org", BROKEN, False),
    ("mailgun", 200, "Mailgun Magnificent API", BROKEN, False),
    (
        "brevo",
        400,
        {
            "code": "invalid_parameter",
            "message": "Sending has been rejected because the sender you used is not valid.",
        },
        BROKEN,
        False,
    ),
    ("brevo", 402, {"code": "not_enough_credits", "message": "You have no credits"}, BROKEN, False),
    (
        "resend",
        403,
        {
            "statusCode": 403,
            "name": "validation_error",
            "message": "The example.org domain is not verified.",
        },
        BROKEN,
        False,
    ),
    (
        "sparkpost",
        400,
        {"errors": [{"message": "Unconfigured or unverified sending domain.", "code": "7001"}]},
        BROKEN,
        False,
    ),
    (
        "mailersend",
        422,
        {"message": "The from.email domain must be verified in your account. #MS42207"},
        BROKEN,
        False,
    ),
    (
        "mailjet",
        401,
        {
            "ErrorIdentifier": "x",
            "ErrorCode": "mj-0002",
            "ErrorMessage": "API key authentication failure",
            "StatusCode": 401,
        },
        BROKEN,
        False,
    ),
    (
        "mailjet",
        400,
        {
            "Messages": [
                {
                    "Status": "error",
                    "Errors": [
                        {
                            "ErrorCode": "send-0011",
                            "StatusCode": 400,
                            "ErrorMessage": 'Header cannot be customized using "Headers".',
                            "ErrorRelatedTo": ['Headers["Date"]'],
                        }
                    ],
                }
            ]
        },
        BROKEN,
        False,
    ),
    # the rate
    ("sparkpost", 420, {"errors": [{"message": "Exceed Sending Limit"}]}, DEFERRED, False),
    ("mailersend", 422, {"message": "You have reached the daily limit."}, DEFERRED, False),
    # taken, but what a way to say so
    ("resend", 200, "oops", IN_DOUBT, False),
    ("postmark", 200, {"surprise": 1}, IN_DOUBT, False),
    (
        "sparkpost",
        200,
        {"results": {"total_accepted_recipients": 5, "total_rejected_recipients": 5, "id": "m"}},
        IN_DOUBT,
        False,
    ),
    ("mailersend", 202, {"warnings": [{"type": "SOMETHING_ELSE"}]}, IN_DOUBT, False),
]
