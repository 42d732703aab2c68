using Fettle.Testing;

namespace Fettle.Integration.Tests;

/// <summary>Skips where no Python can import FastAPI and uvicorn.</summary>
public sealed class RequiresFastApiFactAttribute() : RequiresFactAttribute(Program is null ? "python3 with fastapi and uvicorn (Debian: python3-fastapi python3-uvicorn)" : null)
{
    public static string? Program { get; } = Python.With("fastapi, uvicorn");
}
