// Nothing is asked of other servers: no validator's badge, no configuration from the address.
SwaggerUIBundle({
    url: "../openapi.json",
    dom_id: "#explorer",
    deepLinking: true,
    docExpansion: "list",
    validatorUrl: null,
    queryConfigEnabled: false,
    presets: [SwaggerUIBundle.presets.apis],
});
