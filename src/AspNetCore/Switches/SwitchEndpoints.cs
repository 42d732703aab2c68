using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.AspNetCore;

/// <summary><c>GET /fettle/switches</c>, <c>GET/PUT /fettle/switches/{name}</c>.</summary>
internal static class SwitchEndpoints
{
    public static void Map(RouteGroupBuilder admin)
    {
        admin.MapGet("/switches", (SwitchRegistry registry) =>
            Results.Json(new SwitchList(SwitchList.CurrentSchema, [.. registry.All.Select(SwitchState.Of)]), FettleJson.Default.SwitchList));

        admin.MapGet("/switches/{name}", (string name, SwitchRegistry registry) =>
            registry.Find(name) is { } found ? Results.Json(SwitchState.Of(found), FettleJson.Default.SwitchState) : Unknown(name, registry));

        admin.MapPut("/switches/{name}", async (string name, HttpContext context, SwitchRegistry registry, AuditLog audit) =>
        {
            if (registry.Find(name) is not { } found)
            {
                return Unknown(name, registry);
            }

            var change = await RequestBody.ReadAsync(context, FettleJson.Default.SwitchChange);
            if (change.Value is null)
            {
                return FettleProblems.BadRequest("invalid-body", $"the body must be {{\"on\": true}} or {{\"on\": false}}: {change.Error}");
            }

            var changed = found.Set(change.Value.On);
            audit.Write(context, "switch", $"{name}={(change.Value.On ? "on" : "off")}", changed ? "changed" : "unchanged");
            return Results.Json(SwitchState.Of(found), FettleJson.Default.SwitchState);
        });
    }

    static IResult Unknown(string name, SwitchRegistry registry) => FettleProblems.NotFound(
        "unknown-switch", $"no switch '{name}'; known: {string.Join(", ", registry.All.Select(s => s.Definition.Name))}");
}
