using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Topology.Hardening.Refusals;

/// <summary>Answers to requests whose body is not read to its end.</summary>
public static class UnreadBodyExtensions
{
    /// <summary>
    /// Says that the connection closes after an answer to a body that was refused (RFC 9110 section 15.5.14): the server
    /// does not read the rest. HTTP/2 ends the stream only.
    /// </summary>
    public static void CloseAfterUnreadBody(this HttpContext context)
    {
        if (context.Response.StatusCode is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout
            && (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol)))
        {
            context.Response.Headers.Connection = "close";
        }
    }

    /// <summary>The same where an exception refused it, which an operator is to see as well.</summary>
    public static void NoteUnreadBody(this HttpContext context, BadHttpRequestException refused)
    {
        context.CloseAfterUnreadBody();
        if (refused.StatusCode is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout)
        {
            context.RequestServices.GetRequiredService<RequestRefusals>().Note(context.Features, refused.StatusCode, "body");
        }
    }
}
