using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>
/// Decides where admin endpoints answer. While every address of the service is loopback they share its listener;
/// otherwise they get one of their own on 127.0.0.1, next port.
/// </summary>
/// <param name="Port">The admin port, or null when the service's own loopback listeners serve the admin endpoints.</param>
internal sealed record AdminListener(int? Port) : IAuthorizationRequirement
{
    /// <summary>Plans the listener for the addresses of <c>--urls</c>.</summary>
    /// <returns>The listener and the addresses to bind.</returns>
    public static (AdminListener Listener, string[] Urls) Plan(IReadOnlyList<string> urls)
    {
        var parsed = urls.Select(u => Microsoft.AspNetCore.Http.BindingAddress.Parse(u)).ToArray();
        if (parsed.All(IsLoopback))
        {
            return (new AdminListener((int?)null), [.. urls]);
        }

        var taken = parsed.Select(p => p.Port).ToHashSet();
        var port = parsed[0].Port + 1;
        while (taken.Contains(port))
        {
            port++;
        }

        return (new AdminListener(port), [.. urls, $"http://127.0.0.1:{port}"]);
    }

    /// <summary>Looks at the socket, never at a header: what a proxy forwards is not local.</summary>
    public bool Admits(HttpContext context) => Port is null || context.Connection.LocalPort == Port;

    static bool IsLoopback(BindingAddress address) =>
        address.IsUnixPipe || address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}

internal sealed class AdminListenerHandler : AuthorizationHandler<AdminListener>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AdminListener requirement)
    {
        if (context.Resource is HttpContext http && requirement.Admits(http))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}
