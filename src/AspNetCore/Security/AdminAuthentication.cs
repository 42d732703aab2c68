using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fettle.AspNetCore;

/// <summary>Accepts <c>Authorization: Bearer TOKEN</c>; challenges with problem details.</summary>
internal sealed class AdminAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AdminToken token, AuditLog audit)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "FettleAdminToken";
    const string Prefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        if (!token.Matches(header[Prefix.Length..].Trim()))
        {
            return Task.FromResult(AuthenticateResult.Fail("the admin token does not match"));
        }

        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, "admin")], SchemeName);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName)));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        audit.Write(Context, "access", Request.Path, "refused: no valid token");
        Response.Headers.WWWAuthenticate = "Bearer realm=\"fettle\"";
        await FettleProblems.Create(
            StatusCodes.Status401Unauthorized, "unauthorized", "The admin token is missing or wrong",
            $"send 'Authorization: Bearer TOKEN' with the value of {AdminToken.EnvironmentVariable}, or the token the service printed at start").ExecuteAsync(Context);
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        audit.Write(Context, "access", Request.Path, "refused: wrong listener");
        await FettleProblems.Create(
            StatusCodes.Status403Forbidden, "wrong-listener", "Admin endpoints are not served on this address",
            "use the loopback admin address that the service printed at start").ExecuteAsync(Context);
    }
}
